"""Algorithms that learn from what another policy wrote."""
