"""What an algorithm promises."""

from whet.policy.objective import Algorithm as Algorithm
