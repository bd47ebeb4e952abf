"""Programs that attack the session that runs them: source, how they end, and what they may say."""

from whet.sandbox.messages import StopReason

DONE, ENDED, CPU, IDLE, OUTLIVED = (
    StopReason.DONE,
    StopReason.ENDED,
    StopReason.CPU,
    StopReason.IDLE,
    StopReason.OUTLIVED,
)

_NONCE = """
import os, sys
frame = sys._getframe()
while "head" not in frame.f_locals: frame = frame.f_back
nonce = frame.f_locals["head"][:16]
"""

ATTACKS = {
    # ends of the process
    "exit at once": ("import os; os._exit(0)", {ENDED}, ""),
    "exit politely": ("import sys; sys.exit(3)", {DONE}, r"line 1: .*\nSystemExit: 3\n"),
    "kill itself": ("import os; os.kill(os.getpid(), 9)", {ENDED}, ""),
    "kill everything": ("import os; os.kill(-1, 9)", {ENDED, DONE}, "(line 1.*\nP?.*Error.*\n)?"),
    "kill the supervisor": (
        "import os\nfor n in (1, os.getppid()):\n  try: os.kill(n, 9)\n  except OSError: pass",
        {DONE},
        "",
    ),
    "crash": ("import ctypes; ctypes.string_at(0)", {ENDED}, ""),
    "stop itself": ("import os; os.kill(os.getpid(), 19)", {IDLE}, ""),
    "become another program": (
        "import os, sys; os.execv(sys.executable, ['python', '-c', 'print(1)'])",
        {DONE, ENDED},
        "(1\n|line 1.*\nPermissionError.*\n)",
    ),
    "become a shell": (
        "import os; os.execv('/bin/sh', ['sh', '-c', 'echo shell'])",
        {DONE},
        "line 1.*\n(PermissionError|FileNotFoundError).*\n",
    ),
    # time
    "compute without end": ("while True: pass", {CPU}, ""),
    "sum without end": ("import itertools; sum(itertools.count())", {CPU}, ""),
    "sleep without end": ("import time; time.sleep(1000)", {IDLE}, ""),
    "sleep again and again": ("import time\nwhile True: time.sleep(0.001)", {IDLE, CPU}, ""),
    "ignore all signals": (
        "import signal\nfor n in range(1, 65):\n"
        "  try: signal.signal(n, signal.SIG_IGN)\n  except (OSError, ValueError): pass\n"
        "while True: pass",
        {CPU},
        "",
    ),
    "catch every exception": (
        "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
        {CPU},
        "",
    ),
    "compute in threads": (
        "from threading import Thread\ndef f():\n  while True: pass\n"
        "a = [Thread(target=f) for _ in range(3)]\n[t.start() for t in a]\n[t.join() for t in a]",
        {CPU},
        "",
    ),
    "compute in children that nobody waits for": (
        "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nwhile True:\n"
        "  try: child = os.fork()\n  except OSError: child = 1; time.sleep(0.01)\n"
        "  if child == 0:\n    end = time.monotonic() + 0.02\n"
        "    while time.monotonic() < end: pass\n    os._exit(0)",
        {CPU, IDLE},
        "",
    ),
    "raise its limits": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        {DONE},
        "line 2.*\n(ValueError|PermissionError).*\n",
    ),
    # output
    "print without end": (
        "while True: print('x' * 999)",
        {CPU, StopReason.OUTPUT},
        r"(?s)x.*characters left out.*",
    ),
    "print much": ("print('y' * 3_000_000)", {DONE, CPU}, r"(?s)y+… \d+ characters left out ….*"),
    "print more than anybody reads": (
        "import os\nwhile True: os.write(1, bytes(1 << 20))",
        {StopReason.OUTPUT, CPU},
        r"(?s)\0+… \d+ characters left out ….*",
    ),
    "print what is no text": (
        "import os; os.write(1, b'\\xff\\xfe' * 9); print('\\ud800')",
        {DONE},
        "�+\\\\ud800\n",
    ),
    "close its output": ("import os; os.close(1); os.close(2)", {DONE}, ""),
    "close all descriptors": ("import os; os.closerange(0, 64)", {ENDED}, ""),
    "replace sys.stdout": ("import sys; sys.stdout = sys.stderr = None", {DONE}, ""),
    "close sys.stdout": ("import sys; sys.stdout.close()", {DONE}, ""),
    "let the pipe not block": (
        "import fcntl, os; fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK)",
        {DONE},
        "0\n",
    ),
    "read its input": ("input()", {DONE}, "line 1.*\nEOFError.*\n"),
    "read its output": ("import os; os.read(1, 9)", {DONE}, "line 1.*\nOSError.*\n"),
    # the protocol
    "guess the answer": ("import os; os.write(3, bytes(16))", {ENDED}, "(16\n)?"),
    "answer in pieces": ("import os; os.write(3, b'0')", {ENDED}, "(1\n)?"),
    "close the channel": ("import os; os.close(3)", {ENDED}, ""),
    "answer early and compute": (_NONCE + "os.write(3, nonce)\nwhile True: pass", {OUTLIVED}, ""),
    "answer early and sleep": (
        _NONCE + "os.write(3, nonce)\nimport time; time.sleep(99)",
        {OUTLIVED},
        "",
    ),
    "answer from a child": (
        _NONCE + "if os.fork() == 0: os.write(3, nonce)\nwhile True: pass",
        {OUTLIVED, DONE},
        "(line 6.*\nPermissionError.*\n)?",
    ),
    "wait for the next cell in a thread": (
        "import os, threading\nthreading.Thread(target=lambda: os.read(3, 9), daemon=True).start()",
        {OUTLIVED},
        "",
    ),
    "swallow the channel": ("import os\nos.read(3, 1 << 20)", {IDLE}, ""),
    # the interpreter
    "clear sys.modules": ("import sys; sys.modules.clear()", {DONE}, ""),
    "redefine the built-in names": (
        "import builtins\n"
        "for n in ('print', 'len', 'exec', 'eval', 'compile', 'open', 'repr', 'isinstance'):\n"
        "  setattr(builtins, n, None)",
        {DONE},
        "",
    ),
    "redefine modules": (
        "import os, sys, ast\nos.write = os.read = ast.parse = None",
        {ENDED, DONE},
        "(?s).*",
    ),
    "trace what follows": (
        "import sys\ndef f(*a): raise MemoryError\nsys.settrace(f); sys.setprofile(f)",
        {DONE},
        "(?s).*",
    ),
    "recurse": ("def f(): f()\nf()", {DONE}, "line 1: def f.*\nRecursionError.*\n"),
    "recurse without limit": (
        "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
        {DONE, ENDED, CPU, StopReason.MEMORY},
        "(?s).*",
    ),
    "nest its source": ("(" * 100_000, {DONE}, "(?s).*(SyntaxError|MemoryError).*"),
    "write no source": ("\0", {DONE}, "(ValueError|SyntaxError).*null.*\n"),
    "raise what can't be told": (
        "class E(BaseException):\n  def __str__(self): raise KeyboardInterrupt\nraise E",
        {DONE},
        "line 3: raise E\n.*E.*\n",
    ),
    "have a value that can't be told": (
        "class E:\n  def __repr__(self): raise SystemExit(4)\nE()",
        {DONE},
        "line 2.*\nSystemExit: 4\n",
    ),
    "leave an exit hook": ("import atexit; atexit.register(print, 'bye')", {DONE}, "<built.*\n"),
    "leave an alarm": (
        "import signal\nsignal.signal(14, lambda *a: print('late'))\nsignal.setitimer(0, 0.01)",
        {DONE},
        r"\(0.0, 0.0\)\n",
    ),
    "block signals": (
        "import signal; signal.pthread_sigmask(0, signal.valid_signals())",
        {DONE},
        "set.*\n",
    ),
    # processes and memory
    "fork without end": (
        "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
        {CPU, StopReason.MEMORY},
        "",
    ),
    "leave a process": (
        "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(60)\n"
        "  os._exit(0)\nNone",
        {OUTLIVED, DONE},
        "(line 2.*\nPermissionError.*\n)?",
    ),
    "leave a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
        {OUTLIVED},
        "",
    ),
    "eat memory": ("bytearray(2 << 30)", {DONE}, "line 1.*\nMemoryError\n"),
    "eat memory without end": (
        "x = []\nwhile True: x.append(bytes(1 << 20))",
        {DONE, CPU},
        "(?s).*",
    ),
    "eat memory in children": (
        "import os, time\nfor _ in range(5):\n  if os.fork() == 0:\n"
        "    x = bytearray(b'1') * (90 << 20); time.sleep(9)\ntime.sleep(9)",
        {StopReason.MEMORY, CPU, DONE},
        "(line 3.*\nPermissionError.*\n)?",
    ),
    # files
    "delete its folder": (
        "import os, shutil; shutil.rmtree('.', ignore_errors=True); os.path.exists('/')",
        {DONE},
        "True\n",
    ),
    "fill the disk": (
        "for n in range(9):\n  open(f'big{n}', 'wb').write(bytes(1 << 20))",
        {DONE},
        "line 2.*\n(OSError.*No space|PermissionError).*\n",
    ),
    "make files without end": (
        "import itertools\nfor n in itertools.count(): open(f'small{n}', 'w').close()",
        {StopReason.ENTRIES, DONE, CPU},
        "(line 2.*\n(OSError.*No space|PermissionError).*\n)?",
    ),
    "read /proc": (
        "open('/proc/1/environ').read()",
        {DONE},
        "line 1.*\n(FileNotFoundError|PermissionError).*\n",
    ),
    "read a file of the host": (
        "open('/etc/passwd').read()",
        {DONE},
        "line 1.*\n(FileNotFoundError|PermissionError).*\n",
    ),
    "read the environment": (
        "import os; sorted(os.environ)",
        {DONE},
        r"\[('LC_CTYPE', )?'LD_LIBRARY_PATH', ('PWD', )?'PYTHONHASHSEED'\]\n",
    ),
    # others
    "open a socket": ("import socket; socket.socket()", {DONE}, "line 1.*\nPermissionError.*\n"),
    "trace the supervisor": (
        "import ctypes, os\n[ctypes.CDLL(None).ptrace(16, n, 0, 0) for n in (1, os.getppid())]",
        {DONE},
        r"\[-1, -1\]\n",
    ),
    "make a namespace": (
        "import ctypes\nctypes.CDLL(None).unshare(0x10000000)",
        {DONE},
        "-1\n",
    ),
}
"""Name → source, the ways in which it may end, and a regular expression of all that it says.

Several ways: an ordinary user behind Landlock can neither fork nor write.
"""
