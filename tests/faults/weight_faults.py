"""Faults of the weights: between the learner, the generator and the reference."""

from dataclasses import replace

from broken_engines import (
    Deaf,
    HalfClaiming,
    Late,
    NormClaiming,
    ResettingClaiming,
    RoundingClaiming,
    StaleClaiming,
    StalePrefix,
    SwappingClaiming,
    UntiedClaiming,
    engine,
)
from broken_learners import (
    Accumulating,
    ByPosition,
    Dropping,
    Frozen,
    Hoarding,
    Idle,
    MovingReference,
    Overwriting,
    Poisoned,
    Rateless,
    Reporting,
    Republishing,
    Sevenfold,
    SharedReference,
    Unmerged,
)
from small import RUN
from trials import ByCheck, Fault, InRun, tiny

from whet.engines.embedded.adapters import LoRA
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.testing import check_engine


def _fault(name, told, elsewhere=(), run=tiny, **parts):
    return Fault(
        name=name,
        broken=InRun(run=lambda: run(engine=engine(**parts))),
        healthy=InRun(run=lambda: run(engine=engine())),
        told=told,
        elsewhere=elsewhere,
    )


def _obeyed(examined):
    """Raise `AssertionError` for the first law that an engine breaks."""
    broken = check_engine(examined, RUN.model).failures
    if broken:
        raise AssertionError(str(broken[0]))


def _examined(name, elsewhere, learned):
    where = "check_engine"
    return Fault(
        name=name,
        broken=ByCheck(check=lambda: _obeyed(engine(learned=learned)), where=where),
        healthy=ByCheck(check=lambda: _obeyed(engine()), where=where),
        told="FAILED",
        elsewhere=elsewhere,
    )


def _adapted(**changes):
    run = tiny(**changes)
    return replace(run, engine=replace(run.engine, lora=LoRA(rank=2)))


def _anchored(**changes):
    return tiny(objective=algorithms.load("grpo"), **changes)


def _wordy(**changes):
    """A vocabulary of 2,000 words more, of which a short run says a few."""
    words = "0123456789=" + "".join(chr(0x4E00 + n) for n in range(2000))
    model = FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet=words))
    return tiny(model=model, **changes)


DELIVERY = (
    _fault(
        "The generator takes no weights after the first delivery",
        "not delivered",
        ("huggingface/trl#7017",),
        generator=Deaf,
    ),
    _fault("The generator loads every delivery one update late", "not delivered", generator=Late),
    _fault(
        "No weights arrive, and the generator says that they did",
        "not delivered",
        generator=StaleClaiming,
    ),
    _fault("One of two layers is never delivered", "not delivered", generator=HalfClaiming),
    _fault("One norm alone is never delivered", "not delivered", generator=NormClaiming),
    _fault(
        "A chunked update resets the layers that its last chunk lacks",
        "not delivered",
        generator=ResettingClaiming,
    ),
    _fault(
        "Weights are rounded to bfloat16 on their way", "not delivered", generator=RoundingClaiming
    ),
    _fault("Keys and values of a layer are exchanged", "not delivered", generator=SwappingClaiming),
    _fault(
        "The output head is left out, as if it were tied", "not delivered", generator=UntiedClaiming
    ),
    _fault(
        "The prefix cache outlives the weights",
        "not delivered",
        ("vllm-project/vllm#9744", "InternLM/lmdeploy#4917", "NVIDIA-NeMo/RL#97"),
        generator=StalePrefix,
    ),
    _fault(
        "Buffers of a publication are used again before they are read",
        "did not arrive",
        learned=Overwriting,
    ),
    _fault(
        "The learner publishes its first weights for ever", "did not arrive", learned=Republishing
    ),
    _fault(
        "LoRA adapters are not in what is published",
        "not sent whole",
        run=_adapted,
        learned=Unmerged,
    ),
)

MOVEMENT = (
    _fault("The optimizer's step is forgotten", "the optimizer has taken 0 steps", learned=Idle),
    _fault("The learning rate does not reach the optimizer", "learning rate: ", learned=Rateless),
    _fault(
        "A layer is frozen after the optimizer was made",
        "were frozen after the optimizer was made",
        learned=Frozen,
    ),
    _fault(
        "A weight that no token reads becomes NaN",
        "also where no token reads it",
        run=_wordy,
        learned=Poisoned,
    ),
    _fault("The learner's model has dropout", "drift", learned=Dropping),
    _fault(
        "The reference of the KL penalty is the policy itself",
        "the reference has moved",
        run=_anchored,
        learned=SharedReference,
    ),
    _fault(
        "The reference of the KL penalty moves with every step",
        "the reference has moved",
        run=_anchored,
        learned=MovingReference,
    ),
    _examined(
        "The gradient of every micro-batch counts seven times",
        ("modelscope/ms-swift#10117", "allenai/open-instruct#1137"),
        Sevenfold,
    ),
    _examined("Gradients of earlier steps are never set to zero", (), Accumulating),
    _examined("Outputs keep the graph of every micro-batch", (), Hoarding),
    _examined("Moments come back by position, and the parameters are reordered", (), ByPosition),
    _fault("A step is reported one step late", "metrics of another step", learned=Reporting),
)
