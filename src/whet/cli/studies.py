"""From a study's file to runs and parts, with the settings of `whet train`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from whet import registry, studies
from whet.cli.config import PART, flags_of
from whet.cli.overrides import made, tree
from whet.cli.parsing import run_of
from whet.studies import reading
from whet.studies.endpoint import Endpoint
from whet.studies.plan import Study, Tier
from whet.studies.resolved import Resolved
from whet.training.run import Run
from whet.training.validation import validate
from whet.types import UsageError

_ENDPOINTS = "whet.studies.endpoints"


def resolved(study: str, tier: str) -> Resolved:
    """The study of a name or a path, at a tier, with every arm's run.

    Raises `UsageError` with the file, the field and the remedy, for a file that is malformed and
    for settings that no run can have; no compute is spent before.
    """
    held = reading.read(studies.find(study))
    if tier not in held.tiers:
        raise UsageError(
            f"{held.file}: tier {tier!r} is unknown; {registry.nearest(tier, held.tiers)}"
        )
    size = held.tiers[tier]
    runs = {arm: _run(held, arm, size) for arm in held.arms}
    endpoint = _endpoint(held)
    for arm, run in runs.items():
        with _said(held, f"arms.{arm}"):
            endpoint.check_arm(run)
    return Resolved(study=held, tier=size, runs=runs, endpoint=endpoint)


def _run(study: Study, arm: str, tier: Tier) -> Run:
    """The run of an arm, valid as `whet train` would have it."""
    layers = {
        "settings": study.settings,
        f"tiers.{tier.name}.settings": tier.settings,
        f"arms.{arm}": study.arms[arm],
    }
    with _said(study, f"arms.{arm}"):
        flags = [flags_of(held, f"{study.file} {name}") for name, held in layers.items()]
        run = run_of(study.recipe, flags)
        validate(run)
        if run.seed:
            raise UsageError(f"seed is {run.seed}; give the seeds of all arms as tiers.*.seeds")
    return run


def _endpoint(study: Study) -> Endpoint:
    """The endpoint as a part, its fields set."""
    name = str(study.endpoint[PART])
    fields = {key: held for key, held in study.endpoint.items() if key != PART}
    with _said(study, "endpoint"):
        inner = tree(flags_of(fields, f"{study.file} endpoint")).inner
        part = made(_found(name), name, inner, "endpoint")
        if not isinstance(part, Endpoint):
            raise UsageError(f"class is {name!r}, which is no endpoint; subclass Endpoint")
    return part


def _found(name: str) -> Callable[..., Any]:
    """The class of an endpoint, by its name or the path of its file."""
    path, _, attribute = name.partition(":")
    if path.endswith(".py"):
        return registry.attribute_of("endpoint", path, attribute)
    known = registry.parts_below(_ENDPOINTS)
    if name not in known:
        raise UsageError(
            f"class {name!r} is unknown; {registry.nearest(name, known)}, or give path.py"
        )
    return known[name].load()


@contextmanager
def _said(study: Study, field: str) -> Iterator[None]:
    """Errors inside the block name the file, and the field unless they do so already."""
    try:
        yield
    except UsageError as error:
        told, file = str(error), str(study.file)
        raise UsageError(told if told.startswith(file) else f"{file} {field}: {told}") from error
