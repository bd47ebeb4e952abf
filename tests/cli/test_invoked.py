"""Printed commands run as they are printed."""

import signal
import sys
from threading import Thread

import pytest

from whet.front.stopping import SIGNALS, stoppable
from whet.invoked import command, program, shown


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory with an environment in it, whose python and whet are not on the PATH."""
    bin_ = tmp_path / ".venv" / "bin"
    bin_.mkdir(parents=True)
    for name in ("python", "whet"):
        (bin_ / name).write_text("#!/bin/sh\n")
        (bin_ / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(bin_ / "python"))
    return bin_


@pytest.mark.parametrize(
    ("called", "told"),
    [
        (".venv/bin/whet", ".venv/bin/whet"),
        ("{bin}/whet", ".venv/bin/whet"),
        ("{bin}/../lib/whet/__main__.py", ".venv/bin/python -m whet"),
        ("script.py", ".venv/bin/whet"),  # from Python: the whet beside it
        ("-c", ".venv/bin/whet"),
    ],
)
def test_by_the_path_where_the_shell_does_not_find_it(place, monkeypatch, called, told):
    monkeypatch.setattr(sys, "argv", [called.format(bin=place)])
    assert program() == told


def test_by_its_name_where_the_shell_finds_this_one(place, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", [str(place / "whet")])
    monkeypatch.setenv("PATH", f"{place}:/usr/bin")
    assert program() == "whet"
    monkeypatch.setattr(sys, "argv", [f"{tmp_path}/lib/whet/__main__.py"])
    assert program() == "python -m whet"
    other = tmp_path / "other"
    other.mkdir()
    (place / "whet").rename(other / "whet")  # of another installation
    monkeypatch.setenv("PATH", f"{other}:{place}")
    monkeypatch.setattr(sys, "argv", ["script.py"])
    assert program() == "python -m whet"


def test_from_elsewhere_the_path_is_whole_and_in_its_own_folder_it_has_a_dot(place, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(place / "whet")])
    monkeypatch.chdir("/")
    assert program() == str(place / "whet").removeprefix("/")
    monkeypatch.chdir("/usr")
    assert program() == str(place / "whet")
    monkeypatch.chdir(place)
    assert program() == "./whet"


def test_words_are_quoted_for_a_shell(place, monkeypatch):
    monkeypatch.setattr(sys, "argv", [".venv/bin/whet"])
    assert command("eval", "my run", "--k", 4) == ".venv/bin/whet eval 'my run' --k 4"


def test_paths_are_shown_as_a_user_writes_them(place):
    assert shown(place) == ".venv/bin"
    assert shown(place.parent.parent.parent) == str(place.parent.parent.parent)


@pytest.fixture
def interruptible():
    """SIGINT as Python sets it; a shell ignores it in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_second_signal_is_left_to_those_before(capsys):
    handlers = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), stoppable() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in SIGNALS] == handlers
    assert "stopping" in capsys.readouterr().err


def test_a_hang_up_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_off_the_main_thread_nothing_is_listened_to():
    found = []

    def work():
        with stoppable() as stop:
            found.append((stop(), signal.getsignal(signal.SIGTERM)))

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(False, signal.getsignal(signal.SIGTERM))]
