"""Engines: generators, learners and critics for a kind of hardware or server."""

from transformers.utils import logging

logging.disable_progress_bar()
