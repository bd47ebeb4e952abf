"""From rollouts to judged rollouts, whatever scope a judge has."""

from whet.rewards.judging._asking import faults as faults
from whet.rewards.judging._asking import judge as judge
from whet.rewards.judging._asking import verdicts as verdicts
from whet.rewards.judging._dates import dated as dated
