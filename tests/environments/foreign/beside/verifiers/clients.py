"""The base of clients."""

from abc import ABC, abstractmethod


class Client(ABC):
    """Its `get_response` is what a rollout calls."""

    def __init__(self, config):
        self.config = config

    @abstractmethod
    async def get_native_response(self, prompt): ...
