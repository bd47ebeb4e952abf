"""Numbers of a run that no run can have."""

from wrong_inputs.row import SMALL, Row, for_both, row

_NUMBERS = """
--steps -1 | steps
--seed -1 | seed
--minibatches 0 | minibatches
--minibatches 99 | minibatches
--lr -1e-3 | optimizer.lr
--lr nan | optimizer.lr
--lr inf | optimizer.lr
--weight-decay -1 | weight_decay
--weight-decay nan | weight_decay
--adam-beta1 1 | betas
--adam-beta2 -0.1 | betas
--adam-epsilon -1 | epsilon
--max-grad-norm 0 | clip_norm
--max-grad-norm -1 | clip_norm
--max-grad-norm nan | clip_norm
--warmup-steps -1 | warmup
--temperature 0 | temperature
--temperature -1 | temperature
--temperature nan | temperature
--temperature inf | temperature
--top-p 0 | top_p
--top-p 2 | top_p
--top-p nan | top_p
--top-k -5 | top_k
--min-p 2 | min_p
--min-p -0.1 | min_p
--max-new-tokens 0 | max_new_tokens
--max-new-tokens -3 | max_new_tokens
--group-size 0 | rollouts
--group-size -2 | rollouts
--batch-size 0 | per_step
--batch-size -1 | per_step
--evaluation.problems 0 | problems
--evaluation.samples 0 | samples
--evaluation.k 99 | k
--evaluation.k 0 | k
--periodic.evaluation.k 99 | k
--eval-every -1 | periodic.every
--save-every -1 | checkpoints.steps
--keep 0 | keep
--keep -1 | keep
--checkpoints.seconds -1 | seconds
--checkpoints.seconds nan | seconds
--threads -1 | threads
--device gpu | device
--device tpu | device
--engine.slots 0 | slots
--engine.budget 0 | budget
--limits.faults -1 | faults
--limits.faults 2 | faults
--limits.faults nan | faults
--limits.probe -1 | probe
--limits.probe nan | probe
--lora-rank 4 --lora-alpha -1 | alpha
--engine.lora.dropout 2 | dropout
--warmup.0.steps -1 | steps
--warmup.0.batch 0 | batch
--corpus.levels 3,1 | levels
--corpus.levels -1,3 | levels
--epochs 0 | epochs
--epochs -1 | epochs
--epochs nan | epochs
--epochs inf | epochs
--gate non_zero_spread --sampling.gate.oversample 0.5 | oversample
--gate non_zero_spread --sampling.gate.oversample nan | oversample
--gate non_zero_spread --sampling.gate.max_rounds -1 | max_rounds
--objective.clipping.low nan | low
--objective.clipping.low -1 | low
--objective.clipping.high -0.2 | high
--limits.drift -1 | drift
--lr-scheduler linear --optimizer.decay.floor 2 | floor
""".strip().splitlines()


def _row(line: str) -> Row:
    flags, _, field = line.partition(" | ")
    return row(f"train {SMALL} {flags}", field)


NUMBERS = [
    *map(_row, _NUMBERS),
    *for_both(f"{SMALL} --temperature 0 --steps 2", "temperature"),
    *for_both(f"{SMALL} --lr nan --steps 2", "optimizer.lr"),
]
