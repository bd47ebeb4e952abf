"""Procedural families: tasks without end, and a checker for every step of an answer."""
