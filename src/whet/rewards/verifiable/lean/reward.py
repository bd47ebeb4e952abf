"""The reward `lean`: look for forbidden commands, then run Lean."""

import re
from dataclasses import dataclass
from shutil import which

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.fences import is_open
from whet.rewards.verifiable.lean.program import Status, run
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Reason, Rollout, UsageError, Verdict

_FENCE = re.compile(r"```(?:[Ll]ean4?)?[ \t\r]*\n(.*?)```", re.DOTALL)
_NAMED = re.compile(r"\s*(?:theorem|lemma)\s+([^\s:({\[]+)")
# what would prove anything, say something else than it seems to, or run programs
_FORBIDDEN = re.compile(
    r"\b(?:sorry|admit|axiom|opaque|constant|unsafe|partial|extern|implemented_by|csimp|initialize|"
    r"set_option|macro|macro_rules|notation|notation3|infix[lr]?|prefix|postfix|syntax|elab|"
    r"elab_rules|declare_syntax_cat|run_cmd|run_tac|run_meta|run_elab|by_elab|native_decide|"
    r"reduceBool|ofReduceBool|instance|attribute|local|scoped|export|import|include_str|IO|"
    r"simproc|dsimproc|builtin_\w+|deriving|Lean|Elab|Meta|compile_inductive|"
    r"variables?|include|omit|namespace|section|universe|open|def|abbrev|structure|class|inductive|"
    r"mutual)\b|#|/-"
)
_COMMENT = re.compile(r"(?:^|(?<=\s))--.*$", re.MULTILINE)
_STANDARD = ("propext", "Classical.choice", "Quot.sound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lean(Reward):
    """1 where Lean accepts the reply as a proof of the task's statement, else 0.

    The task has `info["statement"]`, `theorem name … :=` without its proof, and perhaps
    `info["preamble"]`, the imports.  The reply's last fence after the thoughts contains the
    statement once, character by character, at the beginning of a line; theorems may stand before
    it, and its proof stands after it.  Refused are commands that prove anything or change the
    statement's meaning: `sorry`, axioms, definitions, variables, namespaces, options, macros,
    notations, attributes, block comments, and everything that runs programs.  Line comments may
    say all that.  The proof may depend on no axioms but `axioms`.

    Lean runs on this machine as this user, and only the list of forbidden words protects the files:
    use a machine that may be lost.  Where Lean is not installed, the verdict is a fault; a proof on
    which it spends more than `limit_s` is wrong, because the policy chooses how long a proof takes.
    """

    command: tuple[str, ...] = ("lean",)  # or ("lake", "env", "lean"), in a project's folder
    folder: str = ""  # of the project; a temporary one where empty
    limit_s: float = 60.0
    longest: int = 20_000  # characters of a proof
    axioms: tuple[str, ...] = _STANDARD

    def __post_init__(self) -> None:
        if not self.command:
            raise UsageError("lean.command is (); give a program, such as ('lean',)")

    def score(self, rollout: Rollout) -> Verdict:
        statement = str(rollout.task.info.get("statement") or "").strip()
        named = _NAMED.match(statement)
        if named is None or not statement.endswith(":="):
            return Verdict.unjudged(
                f"task {rollout.task.id!r} has no info['statement'] `theorem … :=`"
            )
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        fences = _FENCE.findall(text)
        if not fences or is_open(text):
            return no_answer(rollout)
        refused = self._refused(fences[-1], statement)
        return refused or self._asked(rollout, fences[-1], named[1])

    def _refused(self, proof: str, statement: str) -> Verdict | None:
        """The verdict on a proof that need not be shown to Lean, or None."""
        if len(proof) > self.longest:
            return Verdict.failure(Reason.WRONG, note=f"{len(proof)} characters")
        before, _, after = proof.partition(statement)
        hidden = '"' in before or before.rpartition("\n")[2].strip()  # in a text, or in a comment
        if not after.strip() or statement in after or hidden:
            return Verdict.failure(Reason.WRONG, note="not the statement of the task")
        found = _FORBIDDEN.search(_code(proof.replace(statement, "")))
        if found:
            return Verdict.failure(Reason.UNSAFE, note=f"{found[0]} is not allowed")
        return None

    def _asked(self, rollout: Rollout, proof: str, name: str) -> Verdict:
        if which(self.command[0]) is None:
            return Verdict.unjudged(f"{self.command[0]} isn't installed, or not on the PATH")
        source = f"{rollout.task.info.get('preamble') or ''}\n{proof}\n\n#print axioms {name}\n"
        report = run((*self.command, "--json"), source, self.limit_s, self.folder)
        if report.status is Status.TIMEOUT:
            note = f"lean took more than {self.limit_s:g} s"
            return Verdict.failure(Reason.TIMEOUT, note=note)
        extra = sorted(set(report.axioms) - set(self.axioms))
        if report.status is Status.PROVED and extra:
            return Verdict.failure(Reason.WRONG, note=f"rests on {', '.join(extra)}"[:200])
        proved = report.status is Status.PROVED
        return Verdict.binary(correct=proved, note="" if proved else report.complaint[:200])


def _code(proof: str) -> str:
    """The proof without its line comments; unchanged where a string might contain their sign."""
    return proof if '"' in proof else _COMMENT.sub("", proof)
