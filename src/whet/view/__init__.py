"""Views of a run: what its folder says, for people."""
