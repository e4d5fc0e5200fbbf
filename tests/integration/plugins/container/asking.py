"""What tests ask of backends in containers, through their doors."""

import json
from typing import Any
from urllib.parse import quote

from plugins.gateway.transport import send
from plugins.models import Backend
from plugins.states import BackendState
from tests.integration.plugins.agent.running import until_state

# Images are made, and containers start, beside all else that the machine does.
SECONDS = 150


def ask(backend: Backend, expression: str) -> Any:
    """Have a backend say what an expression is there."""
    answer = send(backend.address, method="GET", target=f"/do?{quote(expression)}", headers={})
    return json.loads(answer.read())


def until_ready(backend: Backend) -> Backend:
    """Wait until a backend answers."""
    return until_state(backend, BackendState.READY, SECONDS)
