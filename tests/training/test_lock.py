"""The lock of a run folder: one process owns it, and a kill leaves a stale one."""

import json
import os
import re
import socket
import subprocess
import sys
from threading import Thread

import pytest

from whet import durable
from whet.training.lock import LOCK, owned
from whet.types import UsageError

ENTER = "import sys; from pathlib import Path; from whet.training.lock import owned\n"
HOLD = f"{ENTER}with owned(Path(sys.argv[1])): print('mine', flush=True); sys.stdin.read()"


def held(folder, **changes):
    """What a lock of this process says, with other entries."""
    with owned(folder):
        mine = json.loads((folder / LOCK).read_text())
    (folder / LOCK).write_text(json.dumps(mine | changes))


def test_it_names_process_host_and_start_and_is_gone_at_the_end(tmp_path):
    with owned(tmp_path):
        found = json.loads((tmp_path / LOCK).read_text())
        assert (found["pid"], found["host"]) == (os.getpid(), socket.gethostname())
        assert found["began"]
    assert not [*tmp_path.iterdir()]


def test_a_second_owner_is_refused_also_in_another_thread(tmp_path):
    errors = []

    def other():
        try:
            with owned(tmp_path):
                pass
        except UsageError as error:
            errors.append(str(error))

    with owned(tmp_path):
        thread = Thread(target=other)
        thread.start()
        thread.join()
        assert (tmp_path / LOCK).is_file()
    assert re.search(rf"process {os.getpid()}; .*kill {os.getpid()}", errors[0])


def test_while_a_process_lives_its_lock_holds_and_after_a_kill_it_is_stale(tmp_path):
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], env=there, stdin=pipe, stdout=pipe
    ) as process:
        assert process.stdout.readline() == b"mine\n"
        with pytest.raises(UsageError, match=f"process {process.pid}"), owned(tmp_path):
            pass
        process.kill()
    assert (tmp_path / LOCK).is_file()
    with owned(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("changes", [{"began": "earlier"}, {"pid": 2**22 + 1}, {"pid": None}])
def test_a_lock_of_a_process_that_is_gone_is_taken_over(tmp_path, changes):
    held(tmp_path, **changes)
    with owned(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


def test_a_lock_of_another_host_is_refused_with_the_remedy(tmp_path):
    held(tmp_path, host="elsewhere", pid=7)
    told = r"lock.* process 7 of host 'elsewhere'.* delete"
    with pytest.raises(UsageError, match=told), owned(tmp_path):
        pass
    (tmp_path / LOCK).unlink()
    with owned(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_a_torn_lock_is_nobodys(tmp_path, text):
    (tmp_path / LOCK).write_text(text)
    with owned(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


def test_a_fork_that_leaves_the_block_does_not_end_the_lock(tmp_path):
    with owned(tmp_path):
        lock = (tmp_path / LOCK).read_text()
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            assert (tmp_path / LOCK).read_text() == lock
    if not child:
        os._exit(0)


def test_a_lock_that_was_moved_away_under_its_owner_is_nobodys(tmp_path):
    (tmp_path / "a").mkdir()
    with owned(tmp_path / "a"):
        (tmp_path / "a").rename(tmp_path / "b")
        with pytest.raises(UsageError, match="under way"), owned(tmp_path / "b"):
            pass
    assert (tmp_path / "b" / LOCK).is_file()
    with owned(tmp_path / "b"):
        pass


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(durable.StorageError, match=r"gone.* restore it"), owned(tmp_path / "gone"):
        pass
