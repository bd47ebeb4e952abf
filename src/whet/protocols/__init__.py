"""The interfaces of the library: what each kind of part must implement.

They import `types` only.

A recipe is made of values (corpus, reward, objective, engine, …). `Engine.open` loads a model and
returns the two running objects of a run, a `Player` and a `Learner`. The training loop uses these
two and knows neither devices nor processes.
"""

from whet.protocols.algorithm import Algorithm as Algorithm
from whet.protocols.algorithm import Companion as Companion
from whet.protocols.engine import Candidates as Candidates
from whet.protocols.engine import Engine as Engine
from whet.protocols.engine import Learner as Learner
from whet.protocols.engine import Model as Model
from whet.protocols.engine import Update as Update
from whet.protocols.engine import ValueLoss as ValueLoss
from whet.protocols.engine import ValueModel as ValueModel
from whet.protocols.extension import Extension as Extension
from whet.protocols.extension import SetupContext as SetupContext
from whet.protocols.extension import StepContext as StepContext
from whet.protocols.generator import Generator as Generator
from whet.protocols.opponents import Host as Host
from whet.protocols.opponents import Rival as Rival
from whet.protocols.opponents import WorldSetup as WorldSetup
from whet.protocols.part import Part as Part
from whet.protocols.player import OpenPlays as OpenPlays
from whet.protocols.player import Player as Player
from whet.protocols.player import Renderer as Renderer
from whet.protocols.reward import ChatModel as ChatModel
from whet.protocols.reward import GroupReward as GroupReward
from whet.protocols.reward import Judge as Judge
from whet.protocols.reward import PlayRequest as PlayRequest
from whet.protocols.reward import Reward as Reward
from whet.protocols.reward import RewardContext as RewardContext
from whet.protocols.sampling import Sampling as Sampling
from whet.protocols.sampling import Strategy as Strategy
from whet.protocols.slots import Gate as Gate
from whet.protocols.slots import GroupReplay as GroupReplay
from whet.protocols.slots import GroupSize as GroupSize
from whet.protocols.slots import GroupSizer as GroupSizer
from whet.protocols.slots import LiveGroupReplay as LiveGroupReplay
from whet.protocols.slots import LiveSchedule as LiveSchedule
from whet.protocols.slots import Now as Now
from whet.protocols.slots import PromptOrder as PromptOrder
from whet.protocols.slots import PromptSource as PromptSource
from whet.protocols.slots import Running as Running
from whet.protocols.slots import SamplingSetup as SamplingSetup
from whet.protocols.slots import Schedule as Schedule
from whet.protocols.slots import Shape as Shape
from whet.protocols.slots import SizeDecision as SizeDecision
from whet.protocols.worlds import Bot as Bot
from whet.protocols.worlds import Corpus as Corpus
from whet.protocols.worlds import Demonstrator as Demonstrator
from whet.protocols.worlds import Environment as Environment
from whet.protocols.worlds import Family as Family
from whet.protocols.worlds import Policy as Policy
from whet.protocols.worlds import TaskSource as TaskSource
from whet.protocols.worlds import Teacher as Teacher
from whet.protocols.worlds import World as World
