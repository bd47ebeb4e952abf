"""How sure a comparison is: intervals, paired tests, several seeds, equivalence, power."""
