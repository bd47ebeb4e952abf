"""Rewards that know a rule: an answer is right or wrong, and no model is asked."""
