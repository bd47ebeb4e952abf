"""In the style of verifiers 0: whatever it names, of one rollout, and often a coroutine."""

import asyncio


async def exact_answer(completion, answer, parser, **kwargs) -> float:
    await asyncio.sleep(0)
    guess = parser.parse_answer(completion) or ""
    return 1.0 if guess.rpartition("=")[2].strip() == answer else 0.0


def depends_on_state(prompt, completion, state, info) -> float:
    assert state["prompt"] == prompt and prompt[-1]["role"] == "user"
    assert state["completion"][-1]["content"] == completion[-1]["content"]
    return info["weight"] * len(completion)
