"""Tool calls: the formats that models write them in, and their argument values."""
