"""What accompanies an algorithm beside its loss: settings and running state, one file each."""
