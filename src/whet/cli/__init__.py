"""The command line: commands, flags, settings files and help."""
