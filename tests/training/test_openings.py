"""Openings in whole runs: the date on the card, prompts that fill the context, special tokens."""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

import pytest
from small import small

import whet
from whet.data.files import File
from whet.engines.models import Folder, FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.front.measuring import Subject, subject_of
from whet.front.training import load_run
from whet.protocols import Reward
from whet.training import card
from whet.training.preflight import preflight
from whet.training.run import PeriodicEval
from whet.types import Decoding, Rollout, Verdict

ALPHABET = "0123456789-:ader Totyusin\n"
DATED = (
    '{{ "Today " + strftime_now("%Y-%m-%d") + "\\n" }}'
    "{% for m in messages %}{{ m.role + ':' + m.content + '\\n' }}{% endfor %}"
)
EVALUATION = EvalConfig(problems=2, samples=1, k=(1,))


@dataclass(frozen=True)
class Openings(Reward):
    """Remembers the days that openings print."""

    seen: ClassVar[set[str]] = set()

    def score(self, rollout: Rollout) -> Verdict:
        tokenizer = CharacterTokenizer(alphabet=ALPHABET).build()
        asked = rollout.token_ids[~rollout.action_mask].tolist()
        self.seen.add(tokenizer.decode(asked).split()[1])
        return Verdict.binary(correct=bool(rollout.length % 2))


class Clock(date):
    """A clock that a test sets."""

    now = date(2026, 3, 1)

    @classmethod
    def today(cls):
        return cls.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr("whet.front.dating.date", Clock)
    monkeypatch.setattr("whet.rollouts.dates.date", Clock)
    monkeypatch.setattr("transformers.utils.chat_template_utils.datetime", None)  # not asked
    monkeypatch.setattr(Clock, "now", date(2026, 3, 1))
    Openings.seen.clear()
    return Clock


def dated(here, **changes):
    """A run on a folder whose template prints the date."""
    scratch = FromScratch(
        shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet=ALPHABET), positions=64
    )
    model, tokenizer = scratch.load("cpu")
    tokenizer.chat_template = DATED
    model.save_pretrained(here / "model")
    tokenizer.save_pretrained(here / "model")
    rows = [{"prompt": [{"role": "user", "content": str(n)}], "answer": "1"} for n in range(9)]
    (here / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    own = {
        "model": Folder(path=str(here / "model")),
        "corpus": File(path=str(here / "rows.jsonl"), reserved=0.4),
        "reward": Openings(),
        "evaluation": EVALUATION,
        "periodic": PeriodicEval(every=0),
    }
    return small(**(own | {"warmup": (), "steps": 1} | changes))


def test_the_date_of_a_run_stays(tmp_path, clock):
    run, folder = dated(tmp_path), tmp_path / "run"
    trained = whet.train(run, folder, follow=type)
    assert card.read(folder)["run"]["model"]["today"] == "2026-03-01"
    saved = trained.checkpoint / "chat_template.jinja"
    assert saved.read_text(encoding="utf-8") == DATED
    clock.now = date(2027, 12, 31)
    assert load_run(folder).model.today == "2026-03-01"
    whet.train(replace(run, steps=2), folder, follow=type)  # the same run, a year later
    whet.evaluate(folder, evaluation=EVALUATION)
    assert Openings.seen == {"2026-03-01"}
    assert Subject.of_run(folder).model.today == "2026-03-01"
    assert subject_of(str(trained.checkpoint)).model.today == "2026-03-01"


def test_a_date_may_be_given(tmp_path, clock):
    run = dated(tmp_path, model=Folder(path=str(tmp_path / "model"), today="2020-02-29"))
    whet.train(run, tmp_path / "run", follow=type)
    assert Openings.seen == {"2020-02-29"}


def test_a_model_that_is_no_run_has_the_present_day(tmp_path, clock):
    run = dated(tmp_path)
    subject = Subject(model=run.model, corpus=run.corpus, reward=Openings(), decoding=run.decoding)
    whet.evaluate(subject, evaluation=EVALUATION)
    assert Openings.seen == {"2026-03-01"}


FITS = [(252, 4, 256), (255, 1, 256), (248, 8, 256), (2, 2, 4), (1, 3, 4)]


@pytest.mark.parametrize(("prompt", "reply", "positions"), FITS)
def test_a_prompt_that_leaves_just_the_reply_is_trained_on(tmp_path, prompt, reply, positions):
    """Checks of the weights play the same prompt, with replies that are no longer."""
    rows = [{"prompt": f"{n:0{prompt}}"[-prompt:], "answer": "7"} for n in range(9)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    run = small(
        model=FromScratch(
            shape="llama-tiny",
            tokenizer=CharacterTokenizer(alphabet="0123456789"),
            positions=positions,
        ),
        corpus=File(path=str(tmp_path / "rows.jsonl"), reserved=0.4),
        warmup=(),
        steps=1,
        evaluation=EVALUATION,
        periodic=PeriodicEval(every=0),
    )
    run = replace(run, sampling=replace(run.sampling, decoding=Decoding(max_new_tokens=reply)))
    assert whet.train(run, tmp_path / "run", follow=type).complete


def test_a_template_without_a_terminator_is_noted(tmp_path):
    run = dated(tmp_path)
    (tmp_path / "model" / "chat_template.jinja").write_text(f"{DATED}- - -")
    [note] = [note for note in asyncio.run(preflight(run)) if "chat template" in note]
    assert "'- - -'" in note and "<end>" in note
