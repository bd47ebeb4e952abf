"""Extensions of algorithms, one file each: critics, replay buffers, controllers."""
