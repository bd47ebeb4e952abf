"""The verbs of the library: what each kind of part promises to do.

A recipe is made of values (corpus, reward, objective, engine, …).  `Engine.open` turns a model's
place into the two live things of a run, a `Sampler` and a `Learner`; the loop is handed those and
knows neither devices nor processes.
"""

from whet.protocols.engines import Engine as Engine
from whet.protocols.engines import Fit as Fit
from whet.protocols.engines import Learner as Learner
from whet.protocols.engines import Model as Model
from whet.protocols.engines import Sampler as Sampler
from whet.protocols.engines import Update as Update
from whet.protocols.engines import ValueModel as ValueModel
from whet.protocols.reward import Adviser as Adviser
from whet.protocols.reward import GroupReward as GroupReward
from whet.protocols.reward import Judge as Judge
from whet.protocols.reward import Play as Play
from whet.protocols.reward import Reward as Reward
from whet.protocols.reward import RewardContext as RewardContext
from whet.protocols.worlds import Corpus as Corpus
from whet.protocols.worlds import Demonstrator as Demonstrator
from whet.protocols.worlds import Environment as Environment
from whet.protocols.worlds import Family as Family
from whet.protocols.worlds import Gate as Gate
from whet.protocols.worlds import Policy as Policy
from whet.protocols.worlds import Schedule as Schedule
from whet.protocols.worlds import Teacher as Teacher
