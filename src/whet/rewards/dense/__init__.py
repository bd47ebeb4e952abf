"""Credit for steps, turns and tokens: `Verdict.credit`, one number for each sampled token.

Credit is a reward beside the score.  An algorithm that uses rewards of tokens learns from both; any
other algorithm learns from the score alone.
"""

from whet.rewards.dense.cutting import Cuts as Cuts
from whet.rewards.dense.cutting import Separated as Separated
from whet.rewards.dense.cutting import Surprises as Surprises
from whet.rewards.dense.monte_carlo import Hard as Hard
from whet.rewards.dense.monte_carlo import Label as Label
from whet.rewards.dense.monte_carlo import Soft as Soft
from whet.rewards.dense.placing import AtEnd as AtEnd
from whet.rewards.dense.placing import Spread as Spread
from whet.rewards.dense.placing import ValuePlacement as ValuePlacement
from whet.rewards.dense.step_models import StepModel as StepModel
from whet.rewards.dense.weighing import Each as Each
from whet.rewards.dense.weighing import MinForm as MinForm
from whet.rewards.dense.weighing import StepTransform as StepTransform
