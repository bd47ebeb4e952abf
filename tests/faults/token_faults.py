"""Faults of the tokens: between the generator and the learner."""

from dataclasses import replace

import broken_players as players
from broken_engines import engine
from trials import Fault, InRun, tiny

_OTHERS = "other rollouts than asked for"


def _fault(name, told, kind, elsewhere=()):
    return Fault(
        name=name,
        broken=InRun(run=lambda: tiny(engine=engine(played=kind))),
        healthy=InRun(run=lambda: tiny(engine=engine())),
        told=told,
        elsewhere=elsewhere,
    )


def _longer(**changes):
    """Replies of 16 tokens, which two seeds do not draw alike."""
    run = tiny(**changes)
    how = replace(run.sampling.decoding, max_new_tokens=16)
    return replace(run, sampling=replace(run.sampling, decoding=how))


IDENTITY = (
    _fault(
        "Tokens are of an older version of the weights",
        "stale weights",
        players.Stale,
        ("NVIDIA-NeMo/RL#4018",),
    ),
    _fault(
        "A reply is tokenised again from its text",
        "re-tokenised",
        players.Retokenising,
        ("huggingface/trl#5144", "huggingface/trl#5224"),
    ),
    _fault("A rollout stands twice in its group", "is there twice", players.Doubling),
    Fault(
        name="A rollout stands twice, under two ids",
        broken=InRun(run=lambda: _longer(engine=engine(played=players.Renamed))),
        healthy=InRun(run=lambda: _longer(engine=engine())),
        told="seeds are ignored",
    ),
    _fault(
        "A rollout of every group is lost", _OTHERS, players.Dropping, ("huggingface/trl#7176",)
    ),
    _fault("A rollout too many comes back", _OTHERS, players.Adding),
    _fault(
        "Rollouts come back in the order in which they ended",
        _OTHERS,
        players.Reordering,
        ("InternLM/lmdeploy#2395", "verl-project/verl#2185"),
    ),
    _fault("All replies of a group are drawn with one seed", "seeds are ignored", players.Seedless),
    _fault(
        "Replies carry the task of another request",
        _OTHERS,
        players.OtherTask,
        ("THUDM/slime#2234",),
    ),
    _fault("The generator samples at another temperature", _OTHERS, players.OtherDecoding),
    _fault("Replies are longer than their limit", "wrong end", players.TooLong),
    _fault(
        "The token that ends a reply is trimmed",
        "wrong end",
        players.Endless,
        ("huggingface/trl#6044",),
    ),
    _fault(
        "The token that ends a reply is masked, since pad = EOS",
        "masked end",
        players.EndUntaught,
        ("NVIDIA-NeMo/Automodel#1336", "huggingface/trl#6357"),
    ),
    _fault(
        "Replies that were cut are said to be complete",
        "wrong end",
        players.Complete,
        ("verl-project/verl#3805",),
    ),
)

LOG_PROBS = (
    _fault("A log-prob is NaN", "NaN log-prob", players.Lost),
    _fault(
        "A log-prob is −∞, and its token stays in the denominators",
        "NaN log-prob",
        players.Infinite,
    ),
    _fault("Log-probs are shifted by one token", "log-probs differ", players.Shifted),
    _fault("Missing log-probs are filled with 0", "log-probs differ", players.Zeroed),
    _fault(
        "The log-prob of the likeliest token in place of the sampled one",
        "log-probs differ",
        players.Likeliest,
    ),
    _fault(
        "Log-probs at another temperature than the draw's", "log-probs differ", players.Untempered
    ),
    _fault("Log-probs have the noise of another kernel", "log-probs differ", players.Noisy),
    Fault(  # of several updates a step, the first one's rollouts alone can be compared
        name="One rollout of a group has noisy log-probs",
        broken=InRun(run=lambda: tiny(minibatches=1, engine=engine(played=players.OneNoisy))),
        healthy=InRun(run=lambda: tiny(minibatches=1, engine=engine())),
        told="limits.drift_rollout",
    ),
    _fault("Log-probs are stored as bfloat16", "log-probs differ", players.Halved),
)
