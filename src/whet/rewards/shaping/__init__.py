"""Wrappers: a judge around other judges, whose `score` is bent while `correct` is left alone.

What a verdict scored before is its part `unshaped`; every term that was added is a part too.
"""

from whet.rewards.shaping.composition import Weighed as Weighed
from whet.rewards.shaping.rescoring import Range as Range
from whet.rewards.shaping.schedules import Ramp as Ramp
