"""Negotiation: the world, and the arithmetic of shares."""

from whet.environments.game.negotiation.shares import fair as fair
from whet.environments.game.negotiation.shares import pareto as pareto
from whet.environments.game.negotiation.world import Negotiation as Negotiation
