"""Judges that know the rule: the answer is right or wrong, and no model is asked."""
