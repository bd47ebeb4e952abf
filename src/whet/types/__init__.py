"""Data types of the library: tasks, rollouts, verdicts, batches, decoding, weights, errors.

Axes: N sampled tokens of the batch, laid end to end; B rollouts; G groups; V vocabulary. There is
no padding and no mask: tokens outside the action mask (prompts, observations) are left out. Tensors
are named by the policy that computed them: learner, proximal, behaviour or reference.
"""

from whet.types.batches import AdvantageInputs as AdvantageInputs
from whet.types.batches import Batch as Batch
from whet.types.batches import Mean as Mean
from whet.types.batches import Metrics as Metrics
from whet.types.batches import Subset as Subset
from whet.types.batches import Totals as Totals
from whet.types.batches import along as along
from whet.types.batches import totals as totals
from whet.types.chat import ChatDecoding as ChatDecoding
from whet.types.chat import ChatReply as ChatReply
from whet.types.decoding import Decoding as Decoding
from whet.types.errors import IntegrityError as IntegrityError
from whet.types.errors import UsageError as UsageError
from whet.types.groups import Group as Group
from whet.types.messages import dialogue as dialogue
from whet.types.messages import text_of as text_of
from whet.types.numbers import CLOSE as CLOSE
from whet.types.numbers import spread as spread
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
from whet.types.tasks import Reply as Reply
from whet.types.tasks import Size as Size
from whet.types.tasks import Step as Step
from whet.types.tasks import Task as Task
from whet.types.tasks import Verdict as Verdict
from whet.types.train_batch import TrainBatch as TrainBatch
from whet.types.weights import Version as Version
