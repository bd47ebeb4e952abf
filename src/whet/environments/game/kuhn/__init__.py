"""Kuhn poker: the world, and exact exploitability of a strategy for it."""

from whet.environments.game.kuhn.exploitability import SETS as SETS
from whet.environments.game.kuhn.exploitability import average as average
from whet.environments.game.kuhn.exploitability import equilibrium as equilibrium
from whet.environments.game.kuhn.exploitability import exploitability as exploitability
from whet.environments.game.kuhn.exploitability import payoff as payoff
from whet.environments.game.kuhn.exploitability import value as value
from whet.environments.game.kuhn.world import Kuhn as Kuhn
