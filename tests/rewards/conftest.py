"""Rollouts out of nothing, for judges that only read what was said."""

import pytest
from recorded import recorded

from whet.types import Finish, Task


def _rolled(reply, answer="42", *, prompt="?", finish=Finish.STOP, **info):
    task = Task(id="t", prompt=prompt, answer=answer, info=info)
    turns = (prompt, reply)
    return recorded(
        task=task, seed=0, turns=turns, tokens=(), chosen=(), behaviour_logp=(), finish=finish
    )


@pytest.fixture(scope="session")
def rolled():
    """Make the rollout that replied this."""
    return _rolled
