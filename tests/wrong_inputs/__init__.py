"""Wrong inputs as one table: the words that are given, and what the one line has to name."""
