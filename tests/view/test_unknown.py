"""What an evaluation does not know, in every view of it: lines, live view, ledger, page, doctor."""

import io
import json

import pytest
from rich.console import Console
from small import small
from verdict_table import FAULT, GREEDY, REFUSED, RIGHT, WRONG, evaluated, scored

from whet.training import card as run_card
from whet.training import glossary
from whet.training.doctor import Doctor
from whet.training.ledger import Ledger
from whet.training.loop import TrainStep
from whet.training.metrics import intervals, of_evaluation
from whet.training.trainer import Evaluated, PhaseStarted
from whet.types import Mean, Verdict
from whet.view import console, report, scorecard
from whet.view.console import Screen
from whet.view.unknown import why


def timeouts(problem, sample):
    """Five of ten problems are solvable; three of the others lack a verdict."""
    return RIGHT if problem < 5 else FAULT if problem < 8 and sample == 3 else WRONG


CASES = {
    "faults": timeouts,
    "only faults": lambda *_: FAULT,
    "scores only": lambda *_: scored(1.0),
    "constant negative": lambda *_: scored(-3.0),
    "above one": lambda problem, _: scored(float(problem)),
    "some correct": lambda problem, _: scored(0.7, correct=True) if problem % 2 else scored(0.7),
    "correct beside a shaped score": lambda *_: scored(-0.5, correct=True),
    "nothing covered": lambda *_: REFUSED,
    "some covered": lambda problem, _: REFUSED if problem < 4 else WRONG,
    "greedy fault": lambda _, sample: FAULT if sample == GREEDY else RIGHT,
}


@pytest.fixture(scope="module")
def cards():
    """An evaluation of each case."""
    return {name: evaluated(verdict) for name, verdict in CASES.items()}


def screen(*events):
    """What the live view prints of events."""
    file = io.StringIO()
    shown = Screen(console=Console(file=file, width=200, highlight=False), now=lambda: 0.0)
    shown.show(PhaseStarted(phase="reinforcement", done=0, steps=3))
    for event in events:
        shown.show(event)
    shown.compare()
    return file.getvalue()


def live(card):
    return screen(*(Evaluated(name=name, step=0, card=card) for name in KINDS))


NEWER = ("not_applicable", "greedy_truncated", "correct_truncated")
KINDS = ("base", "periodic", "final")


def ledger(folder, card):
    """A run folder with three rows of this evaluation."""
    folder.mkdir(exist_ok=True)
    run_card.write(folder, run_card.card(small(), "small", []))
    facts = {"split": "test", "samples": card.samples, "intervals": intervals(card)}
    for name in KINDS:
        Ledger(folder).write(name, (1, 0), of_evaluation(card), facts)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_no_view_says_nan_and_every_one_counts(cards, name, tmp_path):
    card = cards[name]
    folder = ledger(tmp_path / "run", card)
    page = report.write(folder).read_text()
    lines = "\n".join(scorecard.lines(card))
    told = "\n".join(f.message for f in Doctor().examine(list(Ledger(folder).rows())))
    for text in (lines, live(card), page, told):
        assert "nan" not in text.lower().replace("nano", "")
    for text in (lines, page):
        assert f"{card.faults} of 170 replies" in text
        assert f"{card.not_applicable} of 10 problems" in text
        assert "0 of 160 samples" in text
    assert "10 problems × 16 samples" in live(card)
    assert "10 problems of the test split" in page
    json.dumps(scorecard.document(card), allow_nan=False)


@pytest.mark.parametrize("name", CASES)
def test_every_unknown_estimate_has_a_reason_and_every_known_one_has_none(cards, name):
    found = scorecard.document(cards[name])
    for estimate in (found["reward"], found["greedy"], *found["pass_at"].values()):
        whole = estimate["problems"] == estimate["of"] > 0
        exact = whole and estimate["least"] == estimate["most"]
        assert bool(estimate["why"]) is not exact
        assert (estimate["value"] is None) == (estimate["problems"] == 0)
        if estimate["value"] is not None:
            assert estimate["low"] <= estimate["least"] <= estimate["value"]
            assert estimate["value"] <= estimate["most"] <= estimate["high"]


@pytest.mark.parametrize("name", CASES)
def test_the_ledger_has_n_of_n_for_every_estimate(cards, name, tmp_path):
    card = cards[name]
    (row, *_) = Ledger(ledger(tmp_path / "run", card)).rows()
    for metric in ("reward", "greedy", "pass@1", "pass@16"):
        known, of = row["metrics"][f"known_{metric}"], row["metrics"][metric]["of"]
        assert known["of"] == 10 - card.not_applicable
        assert round((known["value"] or 0) * known["of"]) == of
    for metric in row["metrics"]:
        assert glossary.metric("base", metric), metric
    assert row["metrics"]["not_applicable"] == {"value": card.not_applicable / 10, "of": 10}


def test_the_table_says_of_how_many_and_between_what(cards):
    lines = scorecard.lines(cards["faults"])
    assert "0.714 [0.237, 0.943], 7 of 10 problems" in next(x for x in lines if "pass@16" in x)
    assert any("3 of 160 samples" in x and "TimeoutError" in x for x in lines)
    assert any("pass@16" in x and "3 of 10 problems" in x and "0.500 and 0.800" in x for x in lines)
    assert any("pass@1:" in x and "0.500 and 0.519" in x for x in lines)


def test_the_live_view_and_the_page_say_of_how_many(cards, tmp_path):
    assert "pass@1 0.500  faults 3/170" in live(cards["faults"])
    page = report.write(ledger(tmp_path / "run", cards["faults"])).read_text()
    assert "0.714 [0.237, 0.943], 7 of 10 problems" in page
    rows = list(Ledger(tmp_path / "run").rows())
    assert "pass@16 for 7 of 10" in "\n".join(f.message for f in Doctor().examine(rows))


def test_a_reward_of_scores_says_so_in_every_view(cards, tmp_path):
    card, words = cards["scores only"], "the reward gives scores only"
    page = report.write(ledger(tmp_path / "run", card)).read_text()
    assert page.count(f"not known: {words}") == 2 * 4  # greedy and three k, before and after
    assert "accuracy not known (scores only)" in live(card)
    assert why(card, "greedy") == why(card, "pass@16") == words
    assert why(card, "reward") == ""


def test_the_range_of_graded_rewards_is_named_where_it_stands_for_missing_ones():
    card = evaluated(lambda problem, _: FAULT if problem == 0 else scored(2.0 * problem))
    said = "\n".join(scorecard.lines(card))
    assert "2 and 18, stand for it" in said
    assert "stand for it" not in "\n".join(scorecard.lines(evaluated(timeouts)))


def test_correct_replies_that_were_cut_off_are_named(tmp_path):
    card = evaluated(
        lambda problem, sample: RIGHT if sample < 4 else WRONG,
        cut=lambda problem, sample: problem == 0 and sample in (GREEDY, 1, 2, 9),
    )
    said = "\n".join(scorecard.lines(card))
    assert "cut off 3 of 160 samples (2%), 1 of 10 greedy (10%)" in said
    assert "3 of 50 correct replies were cut off" in said
    page = report.write(ledger(tmp_path / "run", card)).read_text()
    assert "3 of 50 correct replies" in page
    assert of_evaluation(card)["correct_truncated"].value == 3 / 50


def test_a_ledger_without_the_newer_metrics_makes_a_page(cards, tmp_path):
    """As an older version wrote it: estimates, intervals, truncation and faults."""
    folder, old = ledger(tmp_path / "run", cards["faults"]), ("known", "least", "most", "missing")
    rows = list(Ledger(folder).rows())
    for row in rows:
        held = {n: m for n, m in row["metrics"].items() if n.split("_")[0] not in old}
        row["metrics"] = {n: m for n, m in held.items() if n not in NEWER}
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = report.write(folder).read_text()
    assert "0.714 [0.237, 0.943]</td>" in page and "10 problems of the test split" in page
    assert "3 of 170 replies" in page and "0 of 0" not in page


def test_a_reply_without_a_score_gains_nothing():
    """Before: a fault, and 0.5; after: 1 and 0.6.  The second pair is shown."""
    before = evaluated(lambda problem, _: scored(0.5) if problem else FAULT, problems=2)
    after = evaluated(lambda problem, _: scored(0.6) if problem else scored(1.0), problems=2)
    told = screen(
        Evaluated(name="base", step=0, card=before), Evaluated(name="final", step=0, card=after)
    )
    assert "before  0.50" in told and "after   0.60" in told


def test_a_note_of_many_lines_is_one_line():
    text = why(evaluated(lambda *_: Verdict.unjudged("a\nb" + "x" * 500)), "greedy")
    assert "a b" in text and "\n" not in text and len(text) < 250


def test_a_step_of_faults_only_is_shown_without_a_number(cards, monkeypatch):
    """No reward, no gradient, no clock: dashes, and the faults of all rollouts."""
    empty = ("reward", "reward_std", "length", "length_min", "length_max", "entropy", "drift")
    metrics = {name: Mean() for name in (*empty, "decoded_per_second", "clipped")}
    metrics |= {"lr": Mean(total=1e-3, count=1), "faults": Mean(total=8, count=8)}
    monkeypatch.setattr(console, "of_step", lambda _: metrics)
    said = screen(
        object.__new__(TrainStep), Evaluated(name="periodic", step=1, card=cards["only faults"])
    )
    assert "nan" not in said
    train = next(line for line in said.splitlines() if "  train  " in line)
    assert "reward –±–" in train and "faults 8/8" in train
    assert "accuracy not known  faults 170/170" in said
