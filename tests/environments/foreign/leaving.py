"""For each word: a process with an episode whose environment starts a program.

It tells word, its own id, and those of worker and program; then it does what the word says.
"""

import asyncio
import os
import sys
from pathlib import Path

from whet.environments.adapters.foreign.pool import Foreign


async def main(how):
    make = f"{Path(__file__).parent / 'dice.py'}:Unruly"
    foreign = Foreign(make=make, driver="reset_step")
    given = {"arguments": {}, "options": [], "describe": "", "read": ""}
    async with foreign.open(0, given) as env:
        await env.call("reset", 0)
        child = (await env.call("step", "spawn"))["text"]
        worker = (await env.call("step", "ok"))["text"].split()[0]
        os.write(1, f"{how} {os.getpid()} {worker} {child}\n".encode())
        if how == "hang":
            await env.call("step", "hang")
        if how != "end":
            await asyncio.sleep(60)


if __name__ == "__main__":
    for how in sys.argv[1:]:
        if os.fork() == 0:
            asyncio.run(main(how))
            sys.exit()
    for _ in sys.argv[1:]:
        os.wait()
