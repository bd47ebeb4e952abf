"""A study's file, read and checked: TOML with these fields.

name = "spurious_rewards"
claim = "A sentence that can turn out false."
recipe = "quickstart"                # a recipe's name, or path.py
registered = "What was fixed before the runs, and what was tuned, on which seeds."

[settings]                           # of all arms, as in `whet train --config FILE`
steps = 30

[endpoint]                           # a part of whet.studies.endpoints, or path.py
class = "final_metric"
metric = "pass@1"

[arms.true]                          # an arm is its settings beyond those of all
[arms.random]
reward = "random"
[arms.untrained]
steps = 0                            # the base model, without any training

[[contrasts]]
name = "true reward against none"
weights = { true = 1, untrained = -1 }
claim = "higher"                     # or "lower"
delta = 0.05

[[identities]]                       # arms that must end alike, to the last bit
arms = ["constant", "untrained"]

[tiers.full]
seeds = [0, 1, 2, 3, 4, 5, 6, 7]     # of the warm-up and of RL; every arm has all of them
[tiers.smoke]
seeds = [100, 101]
settings = { steps = 2 }             # of all arms, unless the arm sets it
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from math import fsum
from pathlib import Path
from typing import Any

from whet.evaluation.statistics.decision import Claim
from whet.registry import nearest
from whet.studies.plan import Contrast, Identity, Settings, Study, Tier
from whet.studies.tables import Table
from whet.types import UsageError

_FIELDS = (
    *("name", "claim", "recipe", "registered", "settings", "endpoint"),
    *("arms", "contrasts", "identities", "tiers"),
)
_NAME = re.compile(r"[A-Za-z0-9_-]+")  # names of files, too
_CLOSE = 1e-9
_PAIR = 2


def read(file: Path) -> Study:
    """The study of a file.

    Raises `UsageError` for a file that can't be read, with its line where it is no TOML, and for a
    field that is missing, unknown or wrong, with its path.
    """
    whole = Table(str(file), "", _loaded(file))
    whole.only(*_FIELDS)
    name = whole.text("name")
    if not _NAME.fullmatch(name):
        raise whole.wrong("name", f"is {name!r}; give letters, digits, - and _")
    arms = _arms(whole)
    return Study(
        file=file,
        name=name,
        claim=whole.text("claim"),
        recipe=whole.text("recipe"),
        registered=whole.text("registered"),
        settings=whole.table("settings").held,
        arms=arms,
        endpoint=_endpoint(whole),
        contrasts=tuple(_contrasts(whole, arms)),
        identities=tuple(_identities(whole, arms)),
        tiers=_tiers(whole),
    )


def _loaded(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"study {str(file)!r} can't be read: {error.strerror}") from error
    except ValueError as error:  # of TOML, of UTF-8, or a null byte in the path
        raise UsageError(f"study {str(file)!r} is no TOML: {error}; mend that line") from error


def _endpoint(whole: Table) -> Settings:
    held = whole.table("endpoint", needed=True)
    held.text("class")
    return held.held


def _arms(whole: Table) -> Mapping[str, Settings]:
    held = whole.table("arms", needed=True)
    for name in held.held:
        if not _NAME.fullmatch(name):
            raise held.wrong(name, "is no name of an arm; give letters, digits, - and _")
    if len(held.held) < _PAIR:
        raise whole.wrong("arms", f"has {len(held.held)} arm; give two or more, [arms.NAME]")
    return {name: held.table(name).held for name in held.held}


def _contrasts(whole: Table, arms: Mapping[str, Settings]) -> Iterator[Contrast]:
    seen = set[str]()
    for one in whole.tables("contrasts"):
        one.only("name", "weights", "claim", "delta")
        name = one.text("name")
        if name in seen:
            raise one.wrong("name", f"is {name!r}, as another one's; give each its own")
        seen.add(name)
        yield Contrast(name=name, weights=_weights(one, arms), claim=_claim(one), delta=_delta(one))
    if not seen:
        raise whole.wrong("contrasts", "is missing; give one or more, [[contrasts]]")


def _weights(one: Table, arms: Mapping[str, Settings]) -> Mapping[str, float]:
    held = one.table("weights", needed=True)
    for name in held.held:
        if name not in arms:
            raise held.wrong(name, f"is no arm; {nearest(name, arms)}")
    weights = {name: held.number(name) for name in held.held}
    if not any(weights.values()):
        raise one.wrong("weights", "has no weight but 0; give numbers that sum to 0")
    if abs(total := fsum(weights.values())) > _CLOSE:
        raise one.wrong("weights", f"sum to {total:g}; give numbers that sum to 0")
    return weights


def _claim(one: Table) -> Claim:
    said = one.text("claim")
    if said not in list(Claim):
        raise one.wrong("claim", f"is {said!r}; give one of {', '.join(Claim)}")
    return Claim(said)


def _delta(one: Table) -> float:
    delta = one.number("delta")
    if delta < 0:
        raise one.wrong(
            "delta",
            f"is {delta:g}; give the smallest effect of interest, 0 or more, and the "
            "direction as claim",
        )
    return delta


def _identities(whole: Table, arms: Mapping[str, Settings]) -> Iterator[Identity]:
    for one in whole.tables("identities"):
        one.only("arms")
        named = one.need("arms", "two names")
        if not isinstance(named, list) or len(named) != _PAIR or named[0] == named[1]:
            raise one.wrong("arms", f"is {named!r}; give the names of two arms")
        for name in named:
            if name not in arms:
                raise one.wrong(
                    "arms", f"has {name!r}, which is no arm; {nearest(str(name), arms)}"
                )
        yield Identity(one=named[0], other=named[1])


def _tiers(whole: Table) -> Mapping[str, Tier]:
    held = whole.table("tiers", needed=True)
    found = {name: _tier(name, held.table(name)) for name in held.held}
    if not found:
        raise whole.wrong("tiers", "has no tier; give [tiers.full] with its seeds")
    return found


def _tier(name: str, one: Table) -> Tier:
    one.only("seeds", "settings")
    seeds = one.need("seeds", "a list of seeds")
    whole = isinstance(seeds, list) and all(type(s) is int and s >= 0 for s in seeds)
    if not whole or len(seeds) < _PAIR:
        raise one.wrong("seeds", f"is {seeds!r}; give two or more whole numbers from 0 on")
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise one.wrong("seeds", f"has {twice[0]} more than once; give each seed once")
    return Tier(name=name, seeds=tuple(seeds), settings=one.table("settings").held)
