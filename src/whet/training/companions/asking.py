"""Play several requests at once."""

import asyncio
from collections.abc import Sequence

from whet.training.stage import Stage
from whet.types import Group, Request


async def at_once(stage: Stage, requests: Sequence[Request]) -> list[Group]:
    """All of them, judged, in order."""
    return list(await asyncio.gather(*map(stage.episode, requests)))
