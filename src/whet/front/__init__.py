"""The Python interface: train, resume and evaluate runs.  The commands use it, too."""
