"""Models behind a server with OpenAI's chat protocol, local or remote."""
