"""Endpoints of studies, by the names of their files."""
