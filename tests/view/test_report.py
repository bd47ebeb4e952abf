"""The report: one file, no network, no script."""

import re
from html.parser import HTMLParser

import pytest
from small import Nearby, followed, small

from whet.policy import algorithms
from whet.training import card
from whet.types import UsageError
from whet.view import report
from whet.view.charts import chart, thinned, ticks
from whet.view.history import History, estimate
from whet.view.scorecard import mark


def trained(place, **changes):
    """A short run with its card."""
    run = small(steps=4, **changes)
    card.write(place, card.card(run, "small", []))
    followed(run, place)
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Right-or-wrong rewards, no reference."""
    return trained(tmp_path_factory.mktemp("run<1>"))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Rewards of which none is full marks, and a reference."""
    place = tmp_path_factory.mktemp("graded")
    return trained(place, reward=Nearby(), objective=algorithms.load("grpo"))


class Tags(HTMLParser):
    """Opened and closed, and what they refer to."""

    def __init__(self, page):
        super().__init__()
        self.open, self.refers = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.refers += [v for name, v in attrs if name in {"src", "href", "action"}]
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.refers += [v for name, v in attrs if name in {"src", "href", "action"}]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_is_whole_and_needs_nothing_from_outside(folder):
    page = report.write(folder).read_text()
    tags = Tags(page)
    assert tags.open == []
    assert tags.refers == ["data:,"]
    assert "<script" not in page
    assert not re.search(r"url\(|@import", page)
    for words in ("Accuracy", "Reward", "Response length", "Entropy", "drift", "Cost", "before"):
        assert words in page
    assert page.count("<svg") == 12  # all but the distance to a reference
    assert "run&lt;1&gt;" in page
    assert "run<1>" not in page


def test_a_graded_run_shows_what_its_rewards_do(graded):
    history = History.of(graded)
    page = report.render(history)
    assert page.count("<svg") == 13
    assert "KL to the reference" in page
    assert "Rewards are graded" in page
    base = history.evaluation("base")
    assert base is not None
    assert f'<td class="number">{estimate(base, "reward")}</td>' in page
    score = history.rollouts(base)[0][0]["score"]
    assert f"greedy {mark(score, correct=False)} " in page


def test_no_legend_runs_into_a_title(graded):
    for svg in report.charts(History.of(graded)):
        texts = re.findall(r'x="([\d.]+)" y="14.0" text-anchor="(\w+)"[^>]*>([^<]*)<', svg)
        spans = [
            (float(x) - 5.6 * len(said) * (anchor == "end"), len(said)) for x, anchor, said in texts
        ]
        (start, letters), *legend = spans
        assert all(start + 5.6 * letters < left for left, _ in legend)


def test_a_page_refreshes_itself_only_where_that_is_asked(folder):
    refresh = '<meta http-equiv="refresh" content="15">'
    assert refresh in report.write(folder, refresh=15).read_text()
    assert "refresh" not in report.write(folder).read_text()


def test_it_shows_the_same_problem_before_and_after(folder):
    history = History.of(folder)
    base = history.evaluation("base")
    assert base is not None
    problems = history.rollouts(base)
    assert len(problems) == 5
    page = report.render(history)
    for problem in problems:
        assert page.count(f"<code>{problem[0]['turns'][0]}</code>") == 1


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is no run folder"):
        report.write(tmp_path)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.13, 0.98), (-3, 250), (1e-9, 3e-8), (5, 5), (0, 0)]
)
def test_ticks_are_round_and_span_what_they_should(low, high):
    marks = ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 1 <= len(marks) <= 8
    assert all(float(f"{mark:.3g}") == pytest.approx(mark, abs=1e-12) for mark in marks)


@pytest.mark.parametrize("count", [1, 400, 401, 10_000])
def test_a_long_curve_keeps_its_ends_and_its_spikes(count):
    points = [(float(n), float(n % 7)) for n in range(count)]
    points[count // 3] = (float(count // 3), 99.0)
    points[count // 2] = (float(count // 2), -99.0)
    kept = thinned(points)
    assert len(kept) <= 402 and len(kept) >= min(count, 200)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)
    values = [y for _, y in kept]
    assert (min(values), max(values)) == (min(y for _, y in points), max(y for _, y in points))


def test_a_report_does_not_grow_with_the_run():
    def size(count):
        return len(chart("loss", {"loss": [(n, (n * 37 % 101) / 7) for n in range(count)]}))

    assert size(100_000) < 1.5 * size(1_000)


@pytest.mark.parametrize(("low", "high"), [(-0.11, 0.11), (0.2, 0.7), (0, 9), (-3, 41)])
def test_no_line_of_the_grid_leaves_the_picture(low, high):
    picture = chart("drift", {"mean": [(0, low), (1, high)]})
    heights = [float(y) for y in re.findall(r'<line [^>]*y1="([-\d.]+)"', picture)]
    assert len(heights) >= 2
    assert all(30 <= y <= 240 - 34 for y in heights)


def test_a_chart_of_nothing_is_nothing():
    assert chart("empty", {"a": []}) == ""
    flat = chart("flat & even", {"a": [(0, 1.0)], "b": [(0, 1.0), (3, 1.0)]})
    assert "flat &amp; even" in flat
    assert "nan" not in flat
