"""Programs, scored by tests that they cannot read.

A task's `info["tests"]` has one of three kinds of tests, as in APPS and TACO (`stdin`, `call`) or
in HumanEval and MBPP (`assert`):

    {"kind": "stdin", "inputs": [text, …], "outputs": [text, …], "checker": source or nothing}
    {"kind": "call", "fn_name": name, "inputs": [arguments, …], "outputs": [value, …]}
    {"kind": "assert", "asserts": [source, …], "setup": source or nothing, "names": [name, …]}

A checker's source defines `check(input, output, expected)`, for inputs with several right outputs.
It has to accept the expected output, and not every output; one that it can't read is wrong.
The arguments of a call are a list, or text with one JSON argument per line; in the second case the
value is JSON too, and must not be wrapped in one more list.  Otherwise it may be, where each output
of the task is a list of one value.

Assertions see what the program defines, but for the names of Python's own functions and of what
`prelude` defines; those in `names`, which the task asks for, they see, too.  A source may be
statements, test functions or test classes, a `check(candidate)` that is called with `entry_point`,
or a comparison without `assert`.  One that asserts nothing is a step on the way to the next ones;
tests that assert nothing at all are a fault, as are those that are passed by programs that do
nothing, whose functions take arguments that are never passed, that derive a class from one of the
program's, or that replace something of its modules or of Python's: it runs in another process.
Objects of the program are believed what they say of themselves where the test constructs them and
uses them as objects: reads their attributes, has them as keys, or computes with them.

With any kind, `prelude` is source that stands in front of the program, such as imports, and
`starter` the head of a function, for replies that are only its body.
"""

from whet.rewards.verifiable.code.credit import AllPass as AllPass
from whet.rewards.verifiable.code.credit import ClassBalanced as ClassBalanced
from whet.rewards.verifiable.code.credit import FirstFailure as FirstFailure
from whet.rewards.verifiable.code.credit import PassCredit as PassCredit
from whet.rewards.verifiable.code.credit import PassRate as PassRate
from whet.rewards.verifiable.code.credit import Result as Result
from whet.rewards.verifiable.code.credit import Speed as Speed
from whet.rewards.verifiable.code.credit import Threshold as Threshold
from whet.rewards.verifiable.code.credit import Tiers as Tiers
from whet.rewards.verifiable.code.reward import Code as Code
