"""Games: worlds with rules, moves and an end."""
