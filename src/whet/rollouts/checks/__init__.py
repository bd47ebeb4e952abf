"""Invariants of every step. A violation raises `IntegrityError`, which stops the run with the
reason.
"""

from whet.rollouts.checks.delivered import PROBE as PROBE
from whet.rollouts.checks.delivered import SEEDS as SEEDS
from whet.rollouts.checks.delivered import check_weight_sync as check_weight_sync
from whet.rollouts.checks.delivered import probe_of as probe_of
from whet.rollouts.checks.drift import check_drift as check_drift
from whet.rollouts.checks.drift import check_report as check_report
from whet.rollouts.checks.drift import first_taught as first_taught
from whet.rollouts.checks.limits import TrustLimits as TrustLimits
from whet.rollouts.checks.moved import check_movement as check_movement
from whet.rollouts.checks.moved import check_optimizer as check_optimizer
from whet.rollouts.checks.moved import check_rate as check_rate
from whet.rollouts.checks.recorded import check_faults as check_faults
from whet.rollouts.checks.recorded import check_integrity as check_integrity
from whet.rollouts.checks.recorded import check_rollouts as check_rollouts
from whet.rollouts.checks.recorded import check_versions as check_versions
from whet.rollouts.checks.requested import check_request as check_request
from whet.rollouts.checks.seeds import check_seeds as check_seeds
