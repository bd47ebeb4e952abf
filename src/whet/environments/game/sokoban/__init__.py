"""Sokoban: the world, and the search for pushes and pulls."""

from whet.environments.game.sokoban.room import Room as Room
from whet.environments.game.sokoban.search import pulled as pulled
from whet.environments.game.sokoban.search import solution as solution
from whet.environments.game.sokoban.world import Sokoban as Sokoban
