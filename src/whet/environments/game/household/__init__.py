"""Household: the world, its house, and a planner that sees no more than the policy."""

from whet.environments.game.household.house import Errand as Errand
from whet.environments.game.household.house import House as House
from whet.environments.game.household.planner import planned as planned
from whet.environments.game.household.world import Household as Household
