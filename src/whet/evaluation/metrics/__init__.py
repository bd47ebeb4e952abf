"""Metrics of samples: pass@k and its relatives, votes, calibration, cost; one idea a file."""
