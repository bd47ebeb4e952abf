"""The reference engine for tests of other engines: an unmodified, slow Hugging Face forward."""
