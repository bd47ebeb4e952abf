"""Data types of the library: tasks, rollouts, verdicts, batches, decoding, weights, errors.

Axes: N sampled tokens of the batch, laid end to end; B rollouts; G groups; V vocabulary. There is
no padding and no mask: tokens outside the action mask (prompts, observations) are left out. Tensors
are named by the policy that computed them: learner, proximal, behaviour or reference.

Types that hold tensors are imported when they are first asked for, so that the command line, or a
worker process of a judge, starts without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from whet.types.chat import ChatDecoding as ChatDecoding
from whet.types.chat import ChatReply as ChatReply
from whet.types.decoding import Decoding as Decoding
from whet.types.errors import ContextFull as ContextFull
from whet.types.errors import EpisodeSpent as EpisodeSpent
from whet.types.errors import Fault as Fault
from whet.types.errors import IntegrityError as IntegrityError
from whet.types.errors import Over as Over
from whet.types.errors import UsageError as UsageError
from whet.types.errors import WorkerLost as WorkerLost
from whet.types.errors import WorldBug as WorldBug
from whet.types.groups import Group as Group
from whet.types.messages import dialogue as dialogue
from whet.types.messages import text_of as text_of
from whet.types.numbers import CLOSE as CLOSE
from whet.types.numbers import spread as spread
from whet.types.replies import Reply as Reply
from whet.types.requests import Play as Play
from whet.types.requests import Request as Request
from whet.types.requests import Ticket as Ticket
from whet.types.requests import seed_of as seed_of
from whet.types.rollouts import Act as Act
from whet.types.rollouts import Rollout as Rollout
from whet.types.rollouts import Span as Span
from whet.types.run_spec import RunSpec as RunSpec
from whet.types.tasks import Finish as Finish
from whet.types.tasks import Message as Message
from whet.types.tasks import Need as Need
from whet.types.tasks import Prompt as Prompt
from whet.types.tasks import Reason as Reason
from whet.types.tasks import ScoreError as ScoreError
from whet.types.tasks import Size as Size
from whet.types.tasks import Step as Step
from whet.types.tasks import Task as Task
from whet.types.tasks import Verdict as Verdict
from whet.types.tool_calls import BadCall as BadCall
from whet.types.tool_calls import ToolCall as ToolCall
from whet.types.versions import Version as Version

if TYPE_CHECKING:
    from whet.types.batches import AdvantageInputs as AdvantageInputs
    from whet.types.batches import Batch as Batch
    from whet.types.batches import Mean as Mean
    from whet.types.batches import Metrics as Metrics
    from whet.types.batches import Subset as Subset
    from whet.types.batches import Totals as Totals
    from whet.types.batches import along as along
    from whet.types.batches import observations as observations
    from whet.types.batches import totals as totals
    from whet.types.train_batch import TrainBatch as TrainBatch
else:

    def __getattr__(name: str) -> Any:
        homes = ("batches", "train_batch") if not name.startswith("_") else ()
        for home in homes:
            module = import_module(f"{__name__}.{home}")
            if hasattr(module, name):
                globals()[name] = getattr(module, name)
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
