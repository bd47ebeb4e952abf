"""Shapes: how the rollouts of a task share their first tokens."""
