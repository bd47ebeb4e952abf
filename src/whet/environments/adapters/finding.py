"""From the text of `--environment` to the adapter of a foreign environment."""

import ast
import logging
from collections.abc import Callable, Mapping

from whet.environments.adapters.foreign.pool import Foreign
from whet.environments.adapters.openenv_objects import OpenEnvObject
from whet.environments.adapters.openenv_servers import OpenEnvServer
from whet.environments.adapters.reset_and_step import ResetStep
from whet.environments.adapters.tinker_envs import TinkerEnv
from whet.environments.adapters.trl_environments import TrlEnvironment
from whet.environments.adapters.verifiers_tasksets import VerifiersTaskset
from whet.environments.adapters.verifiers_zero import VerifiersEnvironment
from whet.protocols import Environment
from whet.rewards.adapters.sources import located
from whet.types import UsageError

_LOG = logging.getLogger(__name__)
_URLS = ("http://", "https://", "ws://", "wss://")
_DIALECTS: Mapping[str, Callable[[str], Environment]] = {
    "reset_step": lambda make: ResetStep(make=make),
    "trl": lambda make: TrlEnvironment(make=make),
    "verifiers": lambda make: VerifiersTaskset(make=make),
    "verifiers_zero": lambda make: VerifiersEnvironment(make=make),
    "openenv": lambda make: OpenEnvObject(make=make),
    "tinker": lambda make: TinkerEnv(make=make),
}


def foreign(text: str) -> Environment | None:
    """The adapter of what a text means: `mine.py`, `mine.py:name`, `package.module:name` or a URL.

    A URL is a server of OpenEnv.  None where the file is not there, or imports whet: it is written
    for this library then.  Anything else is imported in a worker process, and its attributes tell
    the dialect; the log says which.  Raises `UsageError` where they tell none or several.
    """
    if text.startswith(_URLS):
        return OpenEnvServer(url=text)
    if _is_ours(text):
        return None
    path = text if ":" in text else f"{text}:"
    looking = Foreign(make=path, driver="kinds", processes=1)
    try:
        told = looking.ask("told", text)
    finally:
        looking.close()
    found = _DIALECTS[told["dialect"]](f"{path}{told['name']}")
    _LOG.warning("environment %s is played by %s", text, type(found).__name__)
    return found


def _is_ours(text: str) -> bool:
    """Whether the file of a text imports whet, or can't be read."""
    try:
        file = located(text.partition(":")[0])[0]
        tree = ast.parse(file.read_bytes())
    except (UsageError, OSError, SyntaxError, ValueError):
        return True
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    names += [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    return any(name.partition(".")[0] == "whet" for name in names)
