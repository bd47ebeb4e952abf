"""Environments written for other libraries, run unchanged in worker processes."""
