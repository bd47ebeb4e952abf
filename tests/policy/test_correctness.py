"""Graded scores without `correct`: algorithms that tell right from wrong don't guess."""

from dataclasses import replace

import pytest
import torch

from whet.policy.algorithms import load
from whet.registry import names
from whet.testing.draws import draw
from whet.testing.laws import loss_and_gradient
from whet.types import Need


@pytest.mark.parametrize("name", sorted(names("algorithm")))
def test_who_reads_correctness_says_so(name):
    """Without the need, other labels leave advantages, loss and gradient as they are."""
    objective = load(name)
    if Need.CORRECTNESS in objective.needs:
        return
    drawn = draw(3)
    found = []
    for batch in (drawn.batch, replace(drawn.batch, correct=None)):
        found.append(loss_and_gradient(objective, drawn.logp, batch.prepared(objective.selections)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
