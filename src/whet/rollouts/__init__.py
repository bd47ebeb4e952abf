"""From a request to judged groups to a batch: what every engine and every trainer shares."""
