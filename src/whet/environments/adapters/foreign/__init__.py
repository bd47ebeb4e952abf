"""Objects of other libraries, each episode's in a worker process with dice of its own."""
