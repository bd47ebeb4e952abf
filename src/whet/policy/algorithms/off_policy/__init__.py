"""Algorithms that learn from off-policy data: demonstrations, replayed rollouts, preferences."""
