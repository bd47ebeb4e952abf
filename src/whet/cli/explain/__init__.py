"""A part in words: what fills each slot, where it comes from, what it needs, who is like it."""

from whet.cli.explain.equation import effective as effective
from whet.cli.explain.parts import settings as settings
