"""Rewards that ask a model: a server, or the policy itself."""
