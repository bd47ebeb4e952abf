"""Reinforcement learning of large reasoning models: each method a small composition of parts."""

__version__ = "0.1.0"
