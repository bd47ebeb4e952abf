"""The checker that runs at every boundary under test: an int is a float, as for every linter."""

from beartype import BeartypeConf, beartype

tower = beartype(conf=BeartypeConf(is_pep484_tower=True))
