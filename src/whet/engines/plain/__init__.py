"""The yardstick of every other engine: an unmodified Hugging Face forward, slow and plain."""
