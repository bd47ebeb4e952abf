"""Opponents: what sits at a seat of a world in place of the policy."""

from whet.environments.opponents.functions import Chance as Chance
from whet.environments.opponents.functions import Expert as Expert
from whet.environments.opponents.functions import NoisyExpert as NoisyExpert
from whet.environments.opponents.functions import Scripted as Scripted
from whet.environments.opponents.models import Frozen as Frozen
from whet.environments.opponents.models import Past as Past
from whet.environments.opponents.seats import Bots as Bots
from whet.environments.opponents.seats import Opponent as Opponent
