"""Evaluation of policies and of verifiers, with confidence intervals."""
