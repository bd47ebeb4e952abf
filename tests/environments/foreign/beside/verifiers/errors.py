"""Errors of a rollout."""


class OverlongPromptError(Exception):
    """The prompt is too long."""
