"""The loss of an algorithm as a few lines of plain torch, made of a text for each of its parts."""

from whet.cli.explain.plain.program import program as program
from whet.cli.explain.plain.texts import NoTextError as NoTextError
