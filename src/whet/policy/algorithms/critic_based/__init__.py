"""Algorithms that ask a model what a state, or a token, is worth."""
