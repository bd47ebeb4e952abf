"""Judges that ask a model: a server of your own, or the policy itself."""
