"""Evaluation: how good a policy is, and how sure one can be."""
