"""Replay buffers: groups of earlier steps that are learned from again."""
