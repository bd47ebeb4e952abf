"""The page while a run goes on: when it is written, and that it costs little."""

from pathlib import Path

import pytest
from small import followed, small

from whet.training import card
from whet.training.trainer import Evaluated
from whet.view import report
from whet.view.live import LiveReport

REFRESH = 'http-equiv="refresh"'


class Clock:
    """Seconds that pass when somebody says so; a page takes `each` of them."""

    def __init__(self, monkeypatch, each):
        self.time, self.pages = 0.0, []

        def write(folder, *, refresh=0):
            self.time += each
            self.pages.append((self.time, refresh))

        monkeypatch.setattr(report, "write", write)

    def __call__(self):
        return self.time


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run's folder, and what it told, in order."""
    folder, run = tmp_path_factory.mktemp("run"), small(steps=3)
    card.write(folder, card.card(run, "small", []))
    return folder, followed(run, folder)


@pytest.fixture
def events(finished):
    """What a run tells."""
    return finished[1]


def told(events, clock, every, **settings):
    """All events, so many seconds apart."""
    with LiveReport(Path("run"), now=clock, **settings) as live:
        for event in events:
            clock.time += every
            live.note(event)
    return [refresh for _, refresh in clock.pages]


def test_pages_are_fifteen_seconds_apart(events, monkeypatch):
    clock = Clock(monkeypatch, each=0.0)
    told(events, clock, every=5.0)
    times = [at for at, _ in clock.pages]
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert times[0] == 0 and len(times) > 3
    assert min(gaps[:-1]) == 15


def test_a_page_that_takes_long_comes_seldom(events, monkeypatch):
    """One second a page is at most a fiftieth of the time."""
    clock = Clock(monkeypatch, each=1.0)
    told(events, clock, every=20.0)
    inside = clock.pages[:-1]
    assert len(inside) > 2
    assert all(b - a >= 51 for (a, _), (b, _) in zip(inside, inside[1:], strict=False))


def test_only_the_last_page_stands_still(events, monkeypatch):
    refreshing = told(events, Clock(monkeypatch, each=0.0), every=15.0)
    assert all(refreshing[:-1]) and refreshing[-1] == 0


def test_what_ends_a_run_ends_with_a_page(events, monkeypatch):
    clock = Clock(monkeypatch, each=0.0)
    with pytest.raises(KeyboardInterrupt), LiveReport(Path("run"), now=clock):
        raise KeyboardInterrupt
    assert [refresh for _, refresh in clock.pages] == [15, 0]


def test_the_page_shows_all_that_is_in_the_ledger(finished):
    """Written at the start with a refresh, again after an event, and in the end without."""
    folder, events = finished
    page = folder / report.REPORT
    with LiveReport(folder, seconds=0.0, times=0.0) as live:
        assert REFRESH in page.read_text()
        page.unlink()
        live.note(events[0])  # a phase begins: nothing new to show
        assert not page.exists()
        live.note(next(e for e in events if isinstance(e, Evaluated)))
        assert "3 steps" in page.read_text()
        assert REFRESH in page.read_text()
    last = page.read_text()
    assert REFRESH not in last
    assert last == report.write(folder).read_text()
