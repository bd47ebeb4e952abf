"""Infrastructure: who samples and who learns, on what."""

from transformers.utils import logging

logging.disable_progress_bar()
