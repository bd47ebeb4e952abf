"""The lock of a run folder: one process owns it, and a kill leaves a stale one."""

import errno
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from whet import durable
from whet.training import lock
from whet.training.lock import LOCK, insist_owned, owned
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


@pytest.mark.parametrize("pid", [2**70, 2**31, 0, -1, True, "7", 1.5, [1]])
def test_a_number_that_no_process_can_have_is_nobodys(tmp_path, pid):
    held(tmp_path, pid=pid)
    with owned(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


def test_a_lock_that_cant_be_read_is_refused_with_the_remedy(tmp_path, monkeypatch):
    """That of another user, whose process may be alive."""
    (tmp_path / LOCK).write_text("{}")
    read = Path.read_text

    def denied(path, *given, **named):
        if path.name == LOCK:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(path, *given, **named)

    monkeypatch.setattr(Path, "read_text", denied)
    told = r"lock' can't be read \(Permission denied\).*delete that file"
    with pytest.raises(UsageError, match=told), owned(tmp_path):
        pass


@contextmanager
def holder(folder, *words):
    """A process that owns a folder until the end of the block."""
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*words, sys.executable, "-c", HOLD, str(folder)], env=there, stdin=pipe, stdout=pipe
    ) as process:
        if process.stdout.readline() != b"mine\n":
            pytest.skip(f"{words[0]} is not allowed here")
        yield process
        process.stdin.close()


CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_a_process_of_another_container_with_this_hosts_name_is_asked_for_by_its_file(tmp_path):
    """The number of its process is 1 there, and means another process here."""
    with holder(tmp_path, *CONTAINER) as process:
        with pytest.raises(UsageError, match="under way in process 1;"), owned(tmp_path):
            pass
        process.kill()
        process.wait()
        for _ in range(100):  # until the kernel has ended what was in it
            with suppress(UsageError), owned(tmp_path):
                break
            time.sleep(0.05)
    with owned(tmp_path):
        pass


def test_where_neither_the_number_nor_the_file_says_whether_it_lives_it_is_refused(tmp_path):
    held(tmp_path, space="pid:[1]", flock=False)
    with pytest.raises(UsageError, match=r"can't see whether it lives.*delete"), owned(tmp_path):
        pass


def test_a_process_of_which_the_system_says_nothing_may_be_alive(tmp_path, monkeypatch):
    """As with /proc mounted with hidepid, and a process of another user."""
    held(tmp_path, pid=os.getppid(), flock=False)
    monkeypatch.setattr(lock, "_began", lambda pid: "")
    with pytest.raises(UsageError, match="can't see whether it lives"), owned(tmp_path):
        pass


def test_a_copy_of_a_folder_that_is_in_use_is_free(tmp_path):
    (tmp_path / "a").mkdir()
    with holder(tmp_path / "a"):
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        with owned(tmp_path / "b"):
            pass
        with pytest.raises(UsageError, match="under way"), owned(tmp_path / "a"):
            pass


def test_an_owner_notices_that_another_folder_is_in_its_place(tmp_path):
    there = tmp_path / "a"
    there.mkdir()
    insist_owned(there)  # nobody's
    with owned(there):
        insist_owned(there)
        (there / LOCK).unlink()  # by hand, and the folder is the same
        insist_owned(there)
        there.rename(tmp_path / "b")
        insist_owned(there)  # writes fail by themselves
        there.mkdir()
        with pytest.raises(durable.StorageError, match=r"not this run's folder any more.*put"):
            insist_owned(there)
        with owned(there), pytest.raises(durable.StorageError, match="not this run's folder"):
            (there / LOCK).write_text('{"token": "of another"}')
            insist_owned(there)
