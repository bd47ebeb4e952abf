"""Judges of steps, turns and tokens: a verdict's `credit`, one number for each chosen token.

Credit is a reward beside the score.  An algorithm that needs rewards of single tokens learns from
both; one that doesn't, from the score alone.
"""

from whet.rewards.dense._cuts import Cuts as Cuts
from whet.rewards.dense._cuts import Separated as Separated
from whet.rewards.dense._cuts import Surprises as Surprises
from whet.rewards.dense._places import AtEnd as AtEnd
from whet.rewards.dense._places import Spread as Spread
from whet.rewards.dense._places import ValuePlacement as ValuePlacement
from whet.rewards.dense._steps import Each as Each
from whet.rewards.dense._steps import MinForm as MinForm
from whet.rewards.dense._steps import StepTransform as StepTransform
from whet.rewards.dense._values import Hard as Hard
from whet.rewards.dense._values import Label as Label
from whet.rewards.dense._values import Soft as Soft
from whet.rewards.dense._verifier import StepModel as StepModel
