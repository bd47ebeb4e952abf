"""Rollouts: playing requests, recording, judging, buffering and batching, for all engines."""
