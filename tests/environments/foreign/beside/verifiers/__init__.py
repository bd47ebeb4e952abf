"""What an environment of verifiers 0.1 meets in its rollout, written anew with the same names."""
