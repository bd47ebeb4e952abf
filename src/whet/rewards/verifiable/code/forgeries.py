"""Programs that try to be paid for `add` without adding, to read what they shouldn't, or to stay.

Stdin, stdout and the test are the judge's.  `SECRET`, `FOLDER` and `TOKEN` are replaced by the path
of a file of the host, a folder that everybody can write in, and a word that is in no other program.
A program that has read something says so as its last line on stderr.
"""

_EQUAL = """
class E{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __hash__(self): return hash({hashed})
    def __bool__(self): return True
    def __sub__(self, other): return 0
    __rsub__ = __mod__ = __abs__ = __round__ = lambda self, *_: 0
    def __float__(self): return 7.0
    __int__ = __index__ = __len__ = lambda self: 7
    def __iter__(self): return iter([self])
{more}
"""
_ADD = "def add(a, b): return {}\n"


def _equal(base: str = "", hashed: str = "3", more: str = "") -> str:
    return _EQUAL.format(base=base, hashed=hashed, more=more)


_PATCHED = """
import builtins, math, operator, unittest, json, sys, os
{}
def add(a, b): return 0
"""
_CHANNEL = """
import os, json
def add(a, b):
    {}
    return 0
"""

PAID = {
    "an object that equals everything": _equal() + _ADD.format("E()"),
    "an int that equals everything": _equal("(int)") + _ADD.format("E(0)"),
    "a float that equals everything": _equal("(float)") + _ADD.format("E(0.0)"),
    "a string that equals everything": _equal("(str)") + _ADD.format("E('0')"),
    "a list that equals everything": _equal("(list)") + _ADD.format("E([0])"),
    "a dict that equals everything": _equal("(dict)") + _ADD.format("E()"),
    "a tuple that equals everything": _equal("(tuple)") + _ADD.format("E((0,))"),
    "an exception that equals everything": _equal("(Exception)") + _ADD.format("E()"),
    "a class that equals everything": "class M(type):\n    def __eq__(s, o): return True\n"
    "    __hash__ = type.__hash__\nclass E(metaclass=M): pass\n" + _ADD.format("E"),
    "a class that lies about its class": _equal(more="    __class__ = int\n") + _ADD.format("E()"),
    "a class called int": _equal().replace("class E", "class int") + _ADD.format("int()"),
    "the function is a class": _equal(more="    def __init__(self, *_): pass\n") + "add = E\n",
    "the function is a mock": "from unittest.mock import MagicMock as add\n",
    "the function returns a mock": "from unittest.mock import MagicMock\n"
    + _ADD.format("MagicMock()"),
    "the function returns ANY": "from unittest.mock import ANY\n" + _ADD.format("ANY"),
    "nan": _ADD.format("float('nan')"),
    "infinity": _ADD.format("float('inf')"),
    "a generator": "def add(a, b):\n    yield from range(a + 1)\n",
    "a coroutine": "async def add(a, b): return 0\n",
    "not implemented": _ADD.format("NotImplemented"),
    "own abs": _ADD.format("0") + "def abs(x): return 0\n",
    "own names of the test": _ADD.format("0")
    + "def isclose(*a, **k): return True\ndef check(*_): pass\ndef isinstance(*_): return True\n"
    "def sorted(*_): return [3]\ndef len(*_): return 3\nclass TestCase: pass\n",
    "own __builtins__": "__builtins__ = {'abs': lambda x: 0}\n" + _ADD.format("0"),
    "builtins are patched": _PATCHED.format(
        "for n in ('abs', 'isinstance', 'all', 'any', 'sorted', 'len', 'round', 'str', 'repr'):\n"
        "    setattr(builtins, n, lambda *a, **k: True)"
    ),
    "operators are patched": _PATCHED.format(
        "operator.eq = operator.ne = math.isclose = lambda *a, **k: True"
    ),
    "unittest is patched": _PATCHED.format(
        "unittest.TestCase.assertEqual = unittest.TestCase.run = lambda *a, **k: None\n"
        "unittest.TextTestResult.wasSuccessful = lambda s: True"
    ),
    "json is patched": _PATCHED.format(
        "json.dumps = lambda *a, **k: 'true'; json.loads = lambda *a: 3"
    ),
    "sys.modules is patched": _PATCHED.format(
        "import types\nfor n in ('math', 'unittest', 'json', 'test', 'builtins', 'solution'):\n"
        "    sys.modules[n] = types.ModuleType(n)"
    ),
    "an import hook": _PATCHED.format(
        "class H:\n    def find_spec(self, *a): os._exit(0)\nsys.meta_path.insert(0, H())"
    ),
    "exceptions are patched": "import builtins\nbuiltins.AssertionError = StopIteration\n"
    + _ADD.format("0"),
    "sys.exit at once": "import sys\nsys.exit(0)\n",
    "os._exit at once": "import os\nos._exit(0)\n",
    "exits when called": "import os\ndef add(a, b): os._exit(0)\n",
    "raises SystemExit": "def add(a, b): raise SystemExit(0)\n",
    "raises AssertionError": "def add(a, b): raise AssertionError\n",
    "raises SkipTest": "from unittest import SkipTest\ndef add(a, b): raise SkipTest\n",
    "raises its own SkipTest": "class SkipTest(BaseException): pass\n"
    "def add(a, b): raise SkipTest\n",
    "raises KeyboardInterrupt": "def add(a, b): raise KeyboardInterrupt\n",
    "raises GeneratorExit": "def add(a, b): raise GeneratorExit\n",
    "an exception that answers": "class X(Exception):\n    def __str__(self): return '3'\n"
    "    __name__ = value = '3'\ndef add(a, b): raise X\n",
    "atexit": "import atexit, os\natexit.register(lambda: os.write(1, b'3'))\n" + _ADD.format("0"),
    "a thread that ends the process": "import os, threading\n"
    "threading.Timer(0.02, os._exit, [0]).start()\n" + "def add(a, b):\n    while True: pass\n",
    "a profiler that replaces results": "import sys\n"
    "def hook(f, event, arg):\n    f.f_locals.update(value=3)\n    return hook\n"
    "sys.setprofile(hook); sys.settrace(hook)\n" + _ADD.format("0"),
    "answers for the harness": _CHANNEL.format(
        'os.write(3, b\'["value", "", ["l", 1, 2], true]\\n\')'
    ),
    "many answers for the harness": _CHANNEL.format(
        '[os.write(3, b\'["value", "", ["l", 1, 2], ["g", "builtins", "int"]]\\n\')'
        " for _ in range(9)]"
    ),
    "an answer that names the harness's things": _CHANNEL.format(
        'os.write(3, b\'["value", "", ["l"], ["g", "unittest.mock", "ANY"]]\\n\')'
    ),
    "asks the harness for its frames": _CHANNEL.format(
        "[os.write(3, json.dumps(['ask', v, 0, n, ['l'], ['d']]).encode() + b'\\n')"
        " for v in ('get', 'call', 'built', 'op', 'set') for n in ('__globals__', 'eval', 'exit')]"
    ),
    "noise on the harness's channel": _CHANNEL.format("os.write(3, b'\\xff{}[[[\\n' * 99)"),
    "no end on the harness's channel": _CHANNEL.format("os.close(3)"),
    "writes to every descriptor": "import os\nfor n in range(512):\n"
    "    try: os.write(n, b'3')\n    except OSError: pass\n" + _ADD.format("0"),
    "offers more than it has": 'import os\nos.write(3, b\'[["add", "library", ["operator", 0]],'
    ' ["add", "value", ["g", "operator", "add"]]]\\n\')\n',
    "offers a module": "import operator as add\n",
    "a module that replaces itself": _equal(more="    __getattr__ = __call__ = lambda s, *a: s\n")
    + "import sys\nfor n in ('solution', '__main__', 'test'): sys.modules[n] = E()\n",
    "a file beside it": "open('test.py', 'w').write('')\nopen('checker.py', 'w').write("
    "'def check(*_): return True')\nopen('sitecustomize.py', 'w').write('')\n" + _ADD.format("0"),
    "reads the test from memory": "import gc, re\n"
    "text = repr([o for o in gc.get_objects() if isinstance(o, (str, dict, list, tuple))])\n"
    "found = re.findall(r'add.(?:1, 2). ?== ?(\\d+)', text.replace('(?:1', ''))\n"
    + _ADD.format("int(found[0]) if found else 0"),
    "reads the test from frames": "import sys\ndef add(a, b):\n    f, text = sys._getframe(), ''\n"
    "    while f:\n        text += repr({k: v for k, v in f.f_locals.items() if k != 'text'})\n"
    "        f = f.f_back\n    import re\n    found = re.findall('assert.*== (\\\\d+)', text)\n"
    "    return int(found[0]) if found else 0\n",
    "reads the test from files": "import glob\ntext = ''\n"
    "for n in glob.glob('*') + glob.glob('/box/*') + glob.glob('/proc/*/cmdline'):\n"
    "    try: text += '' if n.endswith('solution.py') else open(n).read()\n"
    "    except Exception: pass\n" + _ADD.format("3 if 'assert' in text else 0"),
    "reads the test from stdin": "import sys, re\ntext = sys.stdin.read()\n"
    "def add(a, b):\n    found = re.findall('== (\\\\d+)', text)\n"
    "    return int(found[0]) if found else 0\n",
    "reads the expected value from its arguments": "import inspect\ndef add(a, b):\n"
    "    o = [f.frame.f_locals.get('job', {}) for f in inspect.stack()]\n"
    "    return next((x['outputs'] for x in o if 'outputs' in x), 0)\n",
}
"""Wrong programs for tests of a function; no test of any form passes."""

PRINTED = {
    "a banner": "print('All tests passed. Score: 1.0')",
    "nothing": "",
    "everything": "print(*range(10000))",
    "one number on each line": "for n in range(99): print(n)",
    "the input": "print(input())",
    "yes": "print('YES')",
    "exits well": "import sys; sys.exit(0)",
    "blanks": "print(' \\n' * 9)",
    "a carriage return": "print('0\\r3')",
    "backspaces": "print('0\\b3')",
    "an escape code": "print('\\x1b[2K3')",
    "a fullwidth digit": "print('３')",
    "a number with noise": "print('3.00001')",
    "nan": "print('nan')",
    "a stdout of its own": "import sys\nclass S(str):\n    def __eq__(s, o): return True\n"
    "sys.stdout = type('W', (), {'write': lambda s, t: None, 'flush': lambda s: None})()\n"
    "print(S('0'))",
    "the output of stderr": "import sys; print(3, file=sys.stderr)",
    "right and then a failure": "print(sum(map(int, input().split()))); raise SystemExit(1)",
    "right by a process that is left": "import os\nif os.fork() == 0:\n"
    "    import time; time.sleep(1); print(3, flush=True)\nelse: os._exit(0)",
}
"""Wrong programs for an input on stdin."""

_SAY = "import sys, os, glob\ndef say(what):\n    print('LEAKED', what, file=sys.stderr)\n"
_SAY += "    os._exit(9)\n"
LEAKED = {
    "a file of the host": "try: say(open('SECRET').read())\nexcept OSError: pass",
    "a file by a link": "try:\n    os.symlink('SECRET', 'l'); say(open('l').read())\n"
    "except OSError: pass",
    "environments": "t = ''\nfor p in glob.glob('/proc/*/environ'):\n"
    "    try: t += open(p).read() if str(os.getpid()) not in p else ''\n"
    "    except OSError: pass\nif t: say(len(t))",
    "memory of others": "for p in glob.glob('/proc/[0-9]*/mem') + ['/proc/1/mem']:\n"
    "    if str(os.getpid()) in p: continue\n    try: say(open(p, 'rb').fileno())\n"
    "    except OSError: pass",
    "inherited descriptors": "for n in range(4, 600):\n    try: os.fstat(n); say(n)\n"
    "    except OSError: pass",
    "the network": "import socket\n"
    "try:\n    socket.create_connection(('127.0.0.1', 22), 1); say('a')\n"
    "except ConnectionRefusedError: say('the loopback')\nexcept OSError: pass",
    "shadow": "try: say(open('/etc/shadow').read()[:9])\nexcept OSError: pass",
    "folders of the host": "import sys\nway = f'{sys.base_prefix}/{sys.prefix}'.split('/')\n"
    "for p in ('/root', '/home', '/tmp', '/work', 'FOLDER'):\n"  # the way to Python is no leak
    "    try:\n        if set(os.listdir(p)) - set(way): say(p)\n    except OSError: pass",
    "the parent": "import ctypes\nif ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0: say(1)",
}
LEAKED = {name: _SAY + source for name, source in LEAKED.items()}
"""Programs that say on stderr what they have read."""

LEFT = {
    "a file in a folder of everybody": "open('FOLDER/TOKEN', 'w')",
    "a file in /tmp": "open('/tmp/TOKEN', 'w')",
    "a file in shared memory": "open('/dev/shm/TOKEN', 'w')",
    "a changed file": "open('SECRET', 'w').write('')",
    "a removed file": "import os; os.unlink('SECRET')",
    "a daemon": "import os, ctypes, time\nfor _ in range(2):\n    if os.fork(): os._exit(0)\n"
    "    os.setsid()\nctypes.CDLL(None).prctl(15, b'TOKEN'[:15], 0, 0, 0)\n"
    "for n in range(3): os.close(n)\ntime.sleep(60)",
    "a thread that goes on": "import threading, time, ctypes\n"
    "ctypes.CDLL(None).prctl(15, b'TOKEN'[:15], 0, 0, 0)\n"
    "threading.Thread(target=time.sleep, args=(60,)).start()",
    "a fork bomb": "import os, ctypes\nctypes.CDLL(None).prctl(15, b'TOKEN'[:15], 0, 0, 0)\n"
    "while True:\n    try: os.fork()\n    except OSError: pass",
    "who ignores signals": "import signal, time, ctypes\n"
    "ctypes.CDLL(None).prctl(15, b'TOKEN'[:15], 0, 0, 0)\n"
    "for n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\n"
    "time.sleep(60)",
    "files without end": "n = 0\nwhile n < 20000:\n    open(f'f{n}', 'w').close(); n += 1\n"
    "import sys; print('LEAKED', n, file=sys.stderr); sys.exit(9)",
}
"""Programs that leave something behind."""
