"""The front door: runs are trained, resumed and measured here, from Python or by a command."""
