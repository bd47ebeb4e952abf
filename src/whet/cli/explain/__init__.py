"""Explanations of parts: slots, equations, sources, needs and nearest relatives."""

from whet.cli.explain.equation import effective as effective
from whet.cli.explain.parts import settings as settings
