"""Methods that the survey, or the notes made from it, name, and that are not here."""

from collections.abc import Sequence
from typing import NamedTuple


class Absent(NamedTuple):
    """A method by name, its arXiv id or nothing, its section, and why it is not here."""

    name: str
    paper: str
    section: str
    why: str


_UNREAD = "its equations could not be confirmed in the paper or in released code"
ABSENT: Sequence[Absent] = (
    Absent("DARLING", "2509.02534", "3.1.5", f"{_UNREAD}; it needs an embedding model"),
    Absent(
        "CDE",
        "2509.09675",
        "3.1.5",
        f"{_UNREAD}; its second half needs a critic with several heads",
    ),
    Absent("EMPG", "2509.09265", "3.2.5*", _UNREAD),
    Absent("EPO", "2509.22576", "(3.2.5*)", f"later than the survey; {_UNREAD}"),
    Absent("Uniqueness-aware rewards", "2601.08763", "(3.1.5)", f"later; {_UNREAD}"),
    Absent("RLSD", "2604.03128", "(3.2.4*)", f"later than the survey; {_UNREAD}"),
    Absent("BAPO", "", "(3.2.3*)", f"no id known; {_UNREAD}"),
    Absent("DCPO", "", "(3.2.3*)", f"no id known; {_UNREAD}"),
    Absent(
        "SAPO, Sharing is Caring",
        "2509.08721",
        "3.2*",
        "it shares rollouts between many machines, and one process samples and learns here; it is "
        "not the `sapo` of the table",
    ),
    Absent(
        "INTELLECT-2's second clip",
        "2505.07291",
        "3.2.3*",
        "no algorithm of its own: it is the dual clip, `DualClipped(floor=4)`",
    ),
    Absent(
        "ScaleRL",
        "2510.13786",
        "(3.2.3*)",
        "a recipe of parts that are here, but for float32 logits of a larger model",
    ),
    Absent(
        "RL Tango's joint training of a generative verifier",
        "",
        "3.1.2",
        "its reward of the verifier is `verdict_match`; one run trains one policy",
    ),
    Absent(
        "J1, JudgeLRM, RM-R1 as training of a judge",
        "",
        "3.1.2",
        "the verifiable reward of verdicts is `verdict_match`; their data are not here",
    ),
    Absent(
        "Critique-GRPO",
        "",
        "3.1.2",
        f"its shaping of refined tokens could not be confirmed; {_UNREAD}",
    ),
    Absent("PCL, self-evaluation behind the end", "", "3.1.2", _UNREAD),
    Absent(
        "Discriminative reward models of preferences",
        "",
        "3.1.2",
        "none is trained or shipped; a reward from a user's file may ask one",
    ),
    Absent(
        "Outcome-based exploration: a bonus from counts over a run",
        "2509.06941",
        "3.1.5",
        "the bonus within a group is `diversity`; counts over a run are not kept",
    ),
    Absent(
        "SPA-RL, progress of turns", "", "3.1.3", "the model of progress would be trained apart"
    ),
    Absent(
        "Lean at scale (provers)",
        "",
        "3.1.1",
        "`lean` is checked only where the program is installed, and that was not tried",
    ),
    Absent(
        "Rewards of images, speech and robots",
        "",
        "6*",
        "whet knows text only",
    ),
    Absent(
        "Ensembles of old checkpoints as samplers",
        "",
        "3.3.1",
        "one model samples; the ids of the papers that the survey names are not known here",
    ),
    Absent(
        "The survey's corpora",
        "",
        "4.1*",
        "nothing is downloaded; files of some benchmarks and of common formats are read",
    ),
    Absent(
        "Environments of the survey's list that need a server, a container or a screen",
        "",
        "4.2*",
        "containers, browsers and games with a screen are not started; text worlds are adapted",
    ),
    Absent(
        "Frameworks of the survey's list",
        "",
        "4.3",
        "vLLM, FSDP and Ray are missing here, so nothing that only they make possible is here",
    ),
)
