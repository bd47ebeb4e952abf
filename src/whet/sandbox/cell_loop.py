"""The loop of a stateful interpreter: reads a cell, runs it, and says that it has ended.

The text of this file is run with a copy of the built-in names, so that a program that changes them
doesn't change the loop.  It uses the standard library only.
"""

# of C: the functions of `signal` need built-in names, which a program may change
import _signal  # pyright: ignore[reportMissingImports]
import ast
import io
import os
import random
import struct
import sys
import threading
from traceback import format_exception_only
from types import ModuleType

_NONCE, _HEAD = 16, struct.Struct(">I")
_KEPT = 9  # descriptor of the output pipe, kept for later cells
_TIMERS = (_signal.ITIMER_REAL, _signal.ITIMER_VIRTUAL, _signal.ITIMER_PROF)
_DEPTH = sys.getrecursionlimit()


def loop(control: int) -> None:
    """Run cells until the other end of `control` is closed.

    A cell is a nonce, a length and a text.  The answer to it is its nonce and nothing else: what
    the cell has to say is in its output.  A nonce is not known before its cell comes, so a program
    can't answer for a later one.
    """
    os.dup2(1, _KEPT)
    random.seed(0)
    main, own = ModuleType("__main__"), os.getpid()
    sys.modules["__main__"] = main
    sys.argv[:] = [""]
    sys.path.insert(0, os.getcwd())
    number = 0
    while head := _exactly(control, _NONCE + _HEAD.size):
        text = _exactly(control, *_HEAD.unpack(head[_NONCE:])).decode(errors="surrogatepass")
        number += 1
        _fresh()
        try:
            _told(text, f"<cell {number}>", main.__dict__)
        finally:
            if os.getpid() != own:  # a fork of the program, which ends with its cell
                os._exit(0)
        _settled()
        if os.write(control, head[:_NONCE]) != _NONCE:
            os._exit(1)
    os._exit(0)


def _exactly(fd: int, size: int) -> bytes:
    """So many bytes, or none at the end of the stream."""
    pieces = b""
    while len(pieces) < size:
        piece = os.read(fd, size - len(pieces))
        if not piece:
            return b""
        pieces += piece
    return pieces


def _fresh() -> None:
    """Open the standard streams anew, whatever the last cell did to them."""
    for number in (1, 2):
        os.dup2(_KEPT, number)
    nothing = os.open("/dev/null", os.O_RDONLY)
    if nothing:
        os.dup2(nothing, 0)
        os.close(nothing)
    sys.stdout, sys.stderr = _writer(1), _writer(2)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    sys.setrecursionlimit(_DEPTH)


def _writer(fd: int) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(fd, "w", closefd=False))
    return io.TextIOWrapper(raw, "utf-8", "backslashreplace", line_buffering=True)


def _run(text: str, name: str, names: "dict[str, object]") -> None:
    """Run a cell; the value of a last expression is printed, unless it is None."""
    tree = compile(text, name, "exec", ast.PyCF_ONLY_AST)
    assert isinstance(tree, ast.Module)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), name, "eval"), names)
        if value is not None:
            _line(repr(value))


def _told(text: str, name: str, names: "dict[str, object]") -> None:
    """Run a cell, and print the line and the message of an exception."""
    try:
        _run(text, name, names)
    except SystemExit as error:
        if error.code not in (None, 0):
            _say(error, text, name)
    except BaseException as error:  # noqa: BLE001 (whatever a program raises is its answer)
        _say(error, text, name)


def _say(error: BaseException, text: str, name: str) -> None:
    try:
        place = _place(error, name)
        lines = text.splitlines()
        if 0 < place <= len(lines):
            _line(f"line {place}: {lines[place - 1].strip()}")
        _line(format_exception_only(error)[-1].rstrip())
    except BaseException:  # noqa: BLE001 (an exception may be one that can't be printed)
        os.write(1, type.__repr__(type(error)).encode(errors="replace") + b"\n")


def _place(error: BaseException, name: str) -> int:
    """The last line of the cell that the exception went through; 0 if there is none."""
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno or 0
    found, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _line(text: str) -> None:
    """Write a line behind what the program has printed."""
    _flush(sys.stdout)
    _flush(sys.stderr)
    rest = memoryview((text + "\n").encode(errors="backslashreplace"))
    while rest:
        rest = rest[os.write(1, rest) :]


def _flush(stream: "object") -> None:
    if isinstance(stream, io.TextIOWrapper):
        try:  # noqa: SIM105 (`suppress` needs built-in names)
            stream.flush()
        except (OSError, ValueError):
            pass  # the program has closed it


def _settled() -> None:
    """Flush, and undo what would act during later cells: timers, handlers, tracing."""
    _flush(sys.stdout)
    _flush(sys.stderr)
    sys.settrace(None)
    sys.setprofile(None)
    threading.settrace(None)
    threading.setprofile(None)
    for timer in _TIMERS:
        _signal.setitimer(timer, 0)
    for number in _signal.valid_signals():
        if callable(_signal.getsignal(number)):
            _signal.signal(number, _signal.SIG_DFL)
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
