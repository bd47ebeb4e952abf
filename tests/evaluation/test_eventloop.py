"""An interrupt of work with many calls: all of them end, and nothing is printed but by the CLI."""

import asyncio

import pytest

from whet.front.eventloop import finish


async def _call(place, ended):
    try:
        if place == 3:
            await asyncio.sleep(0)
            raise KeyboardInterrupt
        await asyncio.gather(asyncio.sleep(60), asyncio.to_thread(int), return_exceptions=True)
    finally:
        await asyncio.sleep(0)  # an end that needs the loop
        ended.append(place)


async def _work(ended):
    await asyncio.gather(*(_call(place, ended) for place in range(20)))


@pytest.mark.parametrize("within", [False, True])
def test_an_interrupt_of_one_call_ends_all_others_in_silence(within, capfd):
    """Both from a plain program and from a running loop, as in a notebook."""
    ended = []

    async def cell():
        return finish(_work(ended))

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(cell()) if within else finish(_work(ended))
    assert sorted(ended) == list(range(20))
    assert capfd.readouterr().err == ""


def test_the_result_and_an_error_pass():
    async def two():
        return 2

    async def wrong():
        raise ValueError("wrong")

    assert finish(two()) == 2
    with pytest.raises(ValueError, match="wrong"):
        finish(wrong())
