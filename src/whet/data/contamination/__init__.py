"""Test items whose wording stands in the training data: n-grams in common, near-duplicates."""
