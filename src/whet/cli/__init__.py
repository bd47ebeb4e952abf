"""The command line: it chooses, it does not describe."""
