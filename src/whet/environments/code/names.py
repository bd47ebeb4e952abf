"""Invented names, made of syllables, which no model knows."""

from itertools import product

_SYLLABLES = tuple(map("".join, product("bdfgklmnprstvz", "aeiou")))

NAMES = tuple(f"{one}{two}".capitalize() for one, two in product(_SYLLABLES, repeat=2))
"""All 4,900 names of two syllables, such as Bado."""
