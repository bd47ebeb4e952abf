"""Faults of the tokens: between the generator and the learner."""

from dataclasses import replace

import broken_players as players
from broken_engines import engine
from trials import Fault, InRun, tiny


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
    _fault("A rollout stands twice in its group", "twice", players.Doubling),
    Fault(
        name="A rollout stands twice, under two ids",
        broken=InRun(run=lambda: _longer(engine=engine(played=players.Renamed))),
        healthy=InRun(run=lambda: _longer(engine=engine())),
        told="seeds",
    ),
    _fault(
        "A rollout of every group is lost", "asked", players.Dropping, ("huggingface/trl#7176",)
    ),
    _fault("A rollout too many comes back", "asked", players.Adding),
    _fault(
        "Rollouts come back in the order in which they ended",
        "asked",
        players.Reordering,
        ("InternLM/lmdeploy#2395", "verl-project/verl#2185"),
    ),
    _fault("All replies of a group are drawn with one seed", "seeds", players.Seedless),
    _fault(
        "Replies carry the task of another request",
        "asked",
        players.OtherTask,
        ("THUDM/slime#2234",),
    ),
    _fault("The generator samples at another temperature", "asked", players.OtherDecoding),
    _fault("Replies are longer than their limit", "limit", players.TooLong),
    _fault(
        "The token that ends a reply is trimmed", "end", players.Endless, ("huggingface/trl#6044",)
    ),
    _fault(
        "The token that ends a reply is masked, since pad = EOS",
        "end",
        players.EndUntaught,
        ("NVIDIA-NeMo/Automodel#1336", "huggingface/trl#6357"),
    ),
    _fault(
        "Replies that were cut are said to be complete",
        "end",
        players.Complete,
        ("verl-project/verl#3805",),
    ),
)

LOG_PROBS = (
    _fault("A log-prob is NaN", "NaN", players.Lost),
    _fault("A log-prob is −∞, and its token stays in the denominators", "NaN", players.Infinite),
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
    _fault("One rollout of a group has noisy log-probs", "log-probs differ", players.OneNoisy),
    _fault("Log-probs are stored as bfloat16", "log-probs differ", players.Halved),
)
