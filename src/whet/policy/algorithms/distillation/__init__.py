"""Learning from the log-probs of a teacher on the policy's own tokens."""
