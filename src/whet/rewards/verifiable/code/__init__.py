"""Programs, judged by tests that they never see.

Three kinds of tests, as they come with APPS and TACO (`stdin`, `call`) and with HumanEval and MBPP
(`assert`), in a task's `info["tests"]`:

    {"kind": "stdin", "inputs": [text, …], "outputs": [text, …], "checker": source or nothing}
    {"kind": "call", "fn_name": name, "inputs": [arguments, …], "outputs": [value, …]}
    {"kind": "assert", "asserts": [source, …], "setup": source or nothing}

A checker's source defines `check(input, output, expected)`, for outputs of which several are
right.  The arguments of a call are a list, or text with one argument of JSON on each line, and
then its value is JSON too.
"""

from whet.rewards.verifiable.code.credit import AllPass as AllPass
from whet.rewards.verifiable.code.credit import ClassBalanced as ClassBalanced
from whet.rewards.verifiable.code.credit import Credit as Credit
from whet.rewards.verifiable.code.credit import FirstFailure as FirstFailure
from whet.rewards.verifiable.code.credit import PassRate as PassRate
from whet.rewards.verifiable.code.credit import Result as Result
from whet.rewards.verifiable.code.credit import Speed as Speed
from whet.rewards.verifiable.code.credit import Threshold as Threshold
from whet.rewards.verifiable.code.credit import Tiers as Tiers
from whet.rewards.verifiable.code.reward import Code as Code
