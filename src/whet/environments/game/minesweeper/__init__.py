"""Minesweeper: the world, and the logic that makes its boards fair."""

from whet.environments.game.minesweeper.logic import Field as Field
from whet.environments.game.minesweeper.logic import pairs as pairs
from whet.environments.game.minesweeper.logic import singles as singles
from whet.environments.game.minesweeper.logic import solved as solved
from whet.environments.game.minesweeper.world import Minesweeper as Minesweeper
