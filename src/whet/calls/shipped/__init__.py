"""Tools that ship: one file each, to be given to a toolbox."""
