"""Worlds of tools, searches, queries and programs."""
