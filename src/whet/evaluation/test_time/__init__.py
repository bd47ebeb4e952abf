"""Test-time compute: attempts that decode more for one answer, and choices among answers."""
