"""An unmodified, slow Hugging Face forward: any architecture, and the yardstick of engines."""
