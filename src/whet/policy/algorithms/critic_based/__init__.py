"""Algorithms with a model that predicts the value of a state, or the reward of a token."""
