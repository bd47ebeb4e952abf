"""The probe in low precision: single tokens may be of another expert, and faults are of many."""

import numpy as np
import pytest

from whet.rollouts.checks.delivered import _gap

SMALL = np.full(32, 0.02)


def one_off(count):
    apart = SMALL.copy()
    apart[:count] = 1.3
    return apart


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_two_of_32_tokens_may_differ_by_more(dtype):
    assert _gap(one_off(2), dtype) == 0.02
    assert _gap(one_off(3), dtype) == 1.3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_none_may_in_full_precision(dtype):
    assert _gap(one_off(1), dtype) == 1.3


def test_a_few_tokens_have_no_stray_and_nan_counts_always():
    assert _gap(one_off(1)[:8], "bfloat16") == 1.3
    apart = SMALL.copy()
    apart[5] = np.nan
    assert np.isnan(_gap(apart, "bfloat16"))
