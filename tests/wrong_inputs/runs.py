"""What only a run that has begun can find out, and what a trial of its reward finds before."""

from wrong_inputs.row import row

_SMALL = (
    "train rlvr --model model --data sums.jsonl --max-new-tokens 2 --batch-size 2 --group-size 2 "
    "--steps 3 --evaluation.problems 2 --evaluation.samples 1 --evaluation.k 1 --eval-every 0"
)

RUNS = [
    row(f"{_SMALL} --reward later.py", "faults", "later"),
    row(f"{_SMALL} --reward good.py --lr 1e30 --warmup-steps 0", "nan"),
]

REFUSED = [
    row(f"{_SMALL} --reward always_raises.py", "could judge none", "no verdict"),
    row(f"{_SMALL} --reward nan.py", "could judge none", "nan"),
]
