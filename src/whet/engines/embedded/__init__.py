"""The default engine: pure torch over Hugging Face model definitions, on a CPU or one GPU."""
