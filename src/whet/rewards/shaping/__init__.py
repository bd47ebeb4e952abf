"""Rewards around other rewards: they change `score` and leave `correct` alone.

The score before the change is the part `unshaped` of the verdict; every added term is a part too.
"""

from whet.rewards.shaping.composition import Weighed as Weighed
from whet.rewards.shaping.rescoring import Range as Range
from whet.rewards.shaping.schedules import Ramp as Ramp
