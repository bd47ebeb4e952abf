"""Our programs that run in the sandbox.  Their text is read and never imported.

`CALL` runs beside a tested program and holds no secret.  `CHECK`, `COMPILE` and the harness in
`link.py` never share a sandbox with a tested program; their output counts only if it begins with
the token that they were given.
"""

CALL = """
import json, os, sys
sys.set_int_max_str_digits(0)
answer = os.dup(1)
os.dup2(2, 1)
job = json.load(sys.stdin)
from types import ModuleType
solution = sys.modules["solution"] = ModuleType("solution")
try:
    exec(compile(open("solution.py", "rb").read(), "solution.py", "exec"), vars(solution))
except SystemExit:
    pass  # a program may end in exit()
known = getattr(solution, "Solution", None)  # before a function that an import brought
inside = hasattr(known, job["name"]) or not hasattr(solution, job["name"])
owner = solution.Solution() if inside else solution
value = getattr(owner, job["name"])(*job["arguments"])
pieces = json.dumps(value).encode()
while pieces:
    pieces = pieces[os.write(answer, pieces):]
"""
"""Call a function with one test's arguments; only the value comes back."""

CHECK = """
import json, os, sys
sys.set_int_max_str_digits(0)
job = json.load(sys.stdin)
token = job.pop("token")
answer = os.dup(1)
os.dup2(2, 1)
os.write(answer, token.encode())
import checker
for output in (job["expected"], job["output"]):
    os.write(answer, str(int(bool(checker.check(job["input"], output, job["expected"])))).encode())
"""
"""Ask a task's own checker whether it accepts the expected output, then whether a program's."""

COMPILE = """
import json, os, sys
sys.set_int_max_str_digits(0)
job = json.load(sys.stdin)
try:
    compile(job["source"], "main.py", "exec")
except (SyntaxError, ValueError, MemoryError, RecursionError):
    verdict = 0
else:
    verdict = 1
os.write(1, (job["token"] + str(verdict)).encode())
"""
"""Does a program compile?  Nothing of it is run."""
