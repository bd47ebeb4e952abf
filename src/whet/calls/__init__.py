"""Calls of tools: the formats that models write them in, and the values inside them."""
