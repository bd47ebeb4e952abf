"""Log-probs that are not the learner's: of all tokens, of one rollout, of one token."""

import re
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from sabotaged import Changing, brief, said
from small import RUN

from whet.rollouts.checks.limits import TrustLimits
from whet.sampling.schedules.fixed import Fixed
from whet.types import UsageError


def with_logp(rollout, logp):
    return replace(rollout, behaviour_logp=np.asarray(logp, np.float32)).sealed()


class OneNoisy(Changing):
    """The first rollout of one group has noise of 0.0045 nats, which the mean over all hides."""

    def changed(self, rollouts):
        first, *rest = rollouts
        if first.task.id != "train-2":  # train-0 is the probe's
            return rollouts
        noise = 0.0045 * (-1.0) ** np.arange(first.length)
        return [with_logp(first, first.behaviour_logp + noise), *rest]


class Likeliest(Changing):
    """The top-1 token's log-prob stands in place of the sampled one's: it is −H/2 or more."""

    def one(self, rollout):
        return with_logp(rollout, np.maximum(rollout.behaviour_logp, -0.5 * rollout.entropy))


class Infinite(Changing):
    """The last log-prob is −∞, and its token stays in the denominators."""

    def one(self, rollout):
        return with_logp(rollout, [*rollout.behaviour_logp[:-1], -inf])


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (OneNoisy, r"drift: in a rollout of task 'train-2', seed \d+.*limits\.drift_rollout"),
        (Likeliest, r"log-probs differ by"),
        (Infinite, "NaN log-prob"),
    ],
)
def test_log_probs_of_something_else_stop_the_first_step(kind, told, tmp_path):
    many = replace(RUN.sampling, size=Fixed(rollouts=16))
    message, taken = said(brief({"played": kind}, sampling=many, minibatches=1), tmp_path)
    assert taken == 0
    assert re.search(told, message), message


@pytest.mark.parametrize("name", ["drift_rollout", "drift_max"])
def test_each_limit_stops_by_itself(name, tmp_path):
    """A limit below the rounding of float32, which the message does not call a fault of kernels."""
    limits = TrustLimits(**{name: 1e-12})
    message, taken = said(brief({}, limits=limits), tmp_path)
    assert taken == 0
    assert f"limits.{name} is 1e-12;" in message


def test_a_limit_follows_the_dtype_unless_it_is_given():
    limits = TrustLimits(drift=0.5)
    wide = limits.of("bfloat16")
    assert wide.drift == limits.of("float32").drift == 0.5
    for name in ("probe", "drift_rollout", "drift_max"):
        narrow = getattr(limits.of("float32"), name)
        assert narrow < getattr(limits.of("float16"), name) < getattr(wide, name)
    with pytest.raises(UsageError, match=r"limits\.drift_max is -1"):
        TrustLimits(drift_max=-1.0)
