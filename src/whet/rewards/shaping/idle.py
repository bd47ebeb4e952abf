"""Warnings of rewards that change no score in a run, for `Part.run_warning`."""

from whet.types import RunSpec


def out_of_reach(owner: str, field: str, value: object, spec: RunSpec, effect: str) -> str:
    """A length beyond the longest reply of the run; `effect` says what follows from it."""
    return (
        f"{owner}.{field} is {value}, but a reply has at most {spec.max_new_tokens} tokens "
        f"(sampling.decoding.max_new_tokens): {effect}; give less"
    )


def zero(owner: str, **weights: float) -> str:
    """Weights that are all 0."""
    if any(weights.values()) or not weights:
        return ""
    names = " and ".join(f"{owner}.{name}" for name in weights)
    verb = "is" if len(weights) == 1 else "are"
    return f"{names} {verb} 0, so {owner} changes no score; give more, or leave it out"


def alone(owner: str, spec: RunSpec) -> str:
    """A comparison with the other replies of a task, where there are none."""
    if spec.samples != 1:
        return ""
    return (
        f"{owner} compares the replies of a task, and sampling.size.rollouts is 1, so it gives "
        "every reply the same; give 2 or more"
    )


def empty(owner: str, *given: tuple[object, ...]) -> str:
    """A composition without components."""
    if any(given):
        return ""
    return f"{owner} has no parts, so it has no effect; give {owner}.parts, or leave it out"
