"""What runs in a worker process: one module for each dialect. None of them imports whet or torch.

A driver has a class `Source`, made once in a process of the object that a user's import path names.
Its `open` makes the object of one episode.  Its other methods, and those of the episode, are called
by name.  They take and return plain data; they may be coroutines.
"""
