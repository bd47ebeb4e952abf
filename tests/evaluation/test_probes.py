"""Probes of faithfulness, on policies of which it is known what they read."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from echoing import END, NEW, TOKENIZER, ids
from fakes import fake

from whet.evaluation.probes import Probe, faithfulness
from whet.protocols import Generator, Player
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.types import Decoding, Finish, Request, Task, UsageError
from whet.types.completions import Completion

TASKS = [Task(id=str(n), prompt=f"{n}+{n}=", answer=str(2 * n)) for n in range(1, 4)]


@dataclass
class Answering(Generator):
    """Says a chain and an answer; behind a forced beginning, what `reads` makes of it."""

    says: Callable[[str], str]  # of the prompt
    reads: Callable[[str, str], str]  # of prompt and beginning: the rest

    def held(self):
        return NEW

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of="", said=0):  # noqa: PLR0913
        text = str(TOKENIZER.decode([*prompt]))
        asked, _, begun = text.partition("=")
        told = self.reads(asked, begun) if begun else self.says(asked)
        words = [*ids(told), END]
        zeros = np.zeros(len(words), np.float32)
        return Completion(
            token_ids=np.array(words, np.int32),
            logp=zeros - 1,
            entropy=zeros,
            spans=((len(words), NEW),),
            columns={},
            finish=Finish.STOP,
        )

    async def update(self, weights, flight):
        return NEW

    def end(self, session):
        pass

    def token_counts(self):
        return {}


def player_of(says, reads):
    return RolloutPlayer(Answering(says, reads), TextRenderer(TOKENIZER, frozenset({END})))


def played(player, tasks=TASKS, seeds=(0, 1)):
    async def every():
        how = Decoding(max_new_tokens=40)
        found = [await player.play(Request.of(task, seeds, how)) for task in tasks]
        return [one for groups in found for group in groups for one in group]

    return asyncio.run(every())


def probed(player, rollouts, prefix="#", probe=None):
    return asyncio.run(faithfulness(player, rollouts, prefix, probe or Probe()))


def chain(asked):
    """Eight tokens whose last ones tell the answer: `1;2;3;22#22`."""
    n = int(asked.partition("+")[0])
    return f"1;2;3;{n}{n}#{n}{n}"


def last_line(asked, begun):
    """Copies the last entry of the chain."""
    return begun.rpartition("#")[0].rpartition(";")[2]


def from_the_prompt(asked, begun):
    """Never reads the chain."""
    return chain(asked).partition("#")[2]


def test_a_policy_that_copies_its_chain():
    """Cut, the chain has other last entries; swapped, it has those of the other problem."""
    player = player_of(chain, last_line)
    found = probed(player, played(player))
    assert found.replies == 6 and found.left_out == found.unanswered == 0
    assert [found.early[x].value for x in (0.25, 0.5, 0.75)] == [0.0, 0.0, 0.0]
    assert found.changed.value == 1.0 and found.followed.value == 1.0
    assert found.area.value == pytest.approx(0.25 * 0.5 / 0.75)  # the last trapezium alone
    assert found.changed.of == 3  # a problem is the unit


def test_a_policy_that_does_not_read_its_chain():
    player = player_of(chain, from_the_prompt)
    found = probed(player, played(player))
    assert [one.value for one in found.early.values()] == [1.0] * 3
    assert found.area.value == 1.0
    assert found.changed.value == 0.0 and found.followed.value == 0.0


def test_a_policy_that_settles_at_the_half():
    """It answers right as soon as it sees `2;`, the third and fourth of eight tokens."""

    def reads(asked, begun):
        return from_the_prompt(asked, begun) if "2;" in begun else "0"

    player = player_of(chain, reads)
    found = probed(player, played(player))
    assert [found.early[x].value for x in (0.25, 0.5, 0.75)] == [0.0, 1.0, 1.0]
    assert found.area.value == pytest.approx((0.125 + 0.25 + 0.25) / 0.75)


def test_where_both_answers_are_one_it_is_not_known_which_is_followed():
    player = player_of(lambda asked: "1;2#7", lambda asked, begun: "7")
    found = probed(player, played(player))
    assert found.changed.value == 0.0
    assert found.followed.of == 0 and np.isnan(found.followed.value)


def test_what_is_forced_is_the_chain_without_its_answer():
    heard = []

    def reads(asked, begun):
        heard.append((asked, begun))
        return "0"

    player = player_of(chain, reads)
    probed(player, played(player, TASKS[:2], (0,)), probe=Probe(fractions=(0.0, 0.5)))
    assert sorted(heard) == [
        ("1+1", "#"),
        ("1+1", "1;2;#"),
        ("1+1", "1;2;3;11#"),
        ("1+1", "1;2;3;22#"),
        ("2+2", "#"),
        ("2+2", "1;2;#"),
        ("2+2", "1;2;3;11#"),
        ("2+2", "1;2;3;22#"),
    ]


def test_a_reply_without_the_prefix_is_all_chain():
    heard = []

    def reads(asked, begun):
        heard.append(begun)
        return "0"

    player = player_of(lambda asked: "1;2;3", reads)
    probed(player, played(player, TASKS[:2], (0,)))
    assert "1;2;3#" in heard and not any("\x00" in text for text in heard)


def test_a_forced_answer_that_fails_widens_and_is_no_change():
    """Of one of three problems nothing is known."""
    player = player_of(chain, from_the_prompt)
    rollouts = played(player)

    async def play(request):
        groups = await player.play(request)
        if request.task.id != "1":
            return groups
        faulted = [replace(one, finish=Finish.FAULT) for group in groups for one in group]
        return (groups[0].having(tuple(faulted)),)

    failing = fake(Player, play=play, renderer=player.renderer)
    found = probed(failing, rollouts)
    assert found.unanswered == 10  # of two replies: whole, swapped, three cuts
    assert found.changed.problems == 2 and found.changed.value == 0.0
    assert (found.changed.least, found.changed.most) == (0.0, pytest.approx(1 / 3))
    assert found.area.problems == 2 and found.area.least < found.area.most


def test_replies_of_several_turns_and_lost_ones_are_left_out():
    player = player_of(chain, last_line)
    rollouts = played(player)
    lost = replace(rollouts[0], finish=Finish.FAULT)
    assert probed(player, [lost, *rollouts[1:]]).left_out == 1


def test_inputs_that_tell_nothing_are_refused():
    player = player_of(chain, last_line)
    one = played(player, TASKS[:1])
    with pytest.raises(UsageError, match="rollouts has known chains of 1 tasks"):
        probed(player, one)
    with pytest.raises(UsageError, match="answer_prefix is ''"):
        probed(player, played(player), prefix="")
    for fractions in ((), (0.5, 0.25), (0.5, 1.0), (-0.1,)):
        with pytest.raises(UsageError, match="fractions is"):
            Probe(fractions=fractions)
