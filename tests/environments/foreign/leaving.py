"""Starts an episode whose environment starts a program, tells the two process ids, and waits."""

import asyncio
import sys
from pathlib import Path

from whet.environments.adapters.foreign.pool import Foreign


async def main():
    make = f"{Path(__file__).parent / 'dice.py'}:Unruly"
    foreign = Foreign(make=make, driver="reset_step")
    given = {"arguments": {}, "options": [], "describe": "", "read": ""}
    async with foreign.open(0, given) as env:
        await env.call("reset", 0)
        child = (await env.call("step", "spawn"))["text"]
        worker = (await env.call("step", "ok"))["text"].split()[0]
        sys.stdout.write(f"{worker} {child}\n")
        sys.stdout.flush()
        if sys.argv[1] == "hang":
            await env.call("step", "hang")
        if sys.argv[1] == "wait":
            await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main())
