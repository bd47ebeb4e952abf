"""All faults, in the order of docs/faults.md."""

import law_faults
import resume_faults
import token_faults
import verdict_faults
import weight_faults

EVERY = (
    *weight_faults.DELIVERY,
    *weight_faults.MOVEMENT,
    *token_faults.IDENTITY,
    *token_faults.LOG_PROBS,
    *verdict_faults.VERDICTS,
    *verdict_faults.ASKED,
    *resume_faults.RESUME,
    *law_faults.LAWS,
)
