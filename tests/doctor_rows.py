"""Rows of a ledger for the doctor: evaluations and training steps."""

PROBLEMS, SAMPLES = 100, 400


def metric(value, of=PROBLEMS):
    return {"value": value, "of": of}


def evaluation(kind, step, correct=0.4, right=1.0, wrong=0.0, **changes):
    """A row: mean rewards of right and of wrong samples, and the share that is right."""
    several = round(correct * SAMPLES)
    metrics = {
        "reward": metric(correct * right + (1 - correct) * wrong),
        "reward_std": metric(0.5, SAMPLES),
        "pass@1": metric(correct),
        "reward_right": metric(right if several else None, several),
        "reward_wrong": metric(wrong if several < SAMPLES else None, SAMPLES - several),
        "length": metric(20.0, SAMPLES),
        "truncated": metric(0.0, SAMPLES),
        "commonest": metric(0.02, SAMPLES),
    }
    metrics |= {name: metric(value, SAMPLES) for name, value in changes.items()}
    return {"kind": kind, "step": step, "phase": 0, "digest": kind, "metrics": metrics}


def training(count=6, **changes):
    """Sound steps; their curves are flat, so that only the evaluations tell."""
    usual = {"reward": 0.5, "correct": 0.5, "varied": 0.9, "entropy": 1.0, "truncated": 0.0}
    usual |= {"reward_min": 0.0, "reward_max": 1.0, "graded": 1.0, "shaped": 0.5, "lr": 1e-3}
    usual |= {"taught": 1.0, "clipped": 0.0, "faults": 0.0, "admitted": 1.0, "length": 20.0}
    metrics = {name: metric(value, 10) for name, value in (usual | changes).items()}
    return [{"kind": "step", "step": i, "phase": 0, "metrics": metrics} for i in range(count)]


BASE = evaluation("base", 0)
