"""What the host itself posts to a backend: lifecycle and events (docs/plugins/contract.md)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog

from plexica.core.errors import PermanentError, TransientError
from plugins.backends import Endpoint, endpoint_of, forget_endpoint
from plugins.gateway import transport
from plugins.gateway.bodies import Body
from plugins.gateway.contexts import Asked, Via, sign_context
from plugins.gateway.failures import BackendBroken, BackendDown, BackendTimedOut
from plugins.gateway.traces import call_traced
from plugins.models import Installation, Release

MAX_ANSWER_BYTES = 64 * 1024
_MAX_WORDS = 500
_WORTH_ANOTHER_TRY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def call_backend(
    *,
    installation: Installation,
    release: Release,
    method: str,
    path: str,
    body: dict[str, Any],
    via: Via,
    seconds: float,
) -> dict[str, Any]:
    """Ask something of a release's backend in the host's own name, for one installation.

    Args:
        installation: For whom.
        release: Whose backend is asked, which need not be the installation's present release.
        method: The method.
        path: The path, as the contract or the manifest has it.
        body: What is sent, as JSON.
        via: What it is for.
        seconds: How long it may take.

    Returns:
        What it answers; empty where that is nothing.

    Raises:
        TransientError: It cannot be reached, takes too long, or says itself that it may go later.
        PermanentError: It refuses, or breaks the contract; what it says of that is in the words.
    """
    endpoint = endpoint_of(release.pk)
    if endpoint is None:
        raise TransientError("The plugin's backend does not run at the moment.")
    try:
        content = json.dumps(body).encode()
        with call_traced(release.contract.slug, release.version, method) as traced:
            status, content = _exchange(
                endpoint, installation, method, path, content, via, seconds, traced
            )
    except BackendDown as failure:
        forget_endpoint(release.pk)
        raise TransientError("The plugin's backend cannot be reached.") from failure
    except BackendTimedOut as failure:
        raise TransientError("The plugin's backend takes too long to answer.") from failure
    except BackendBroken as failure:
        raise TransientError("The plugin's backend ended while it was asked.") from failure
    return _outcome(status, content)


def _exchange(
    endpoint: Endpoint,
    installation: Installation,
    method: str,
    path: str,
    content: bytes,
    via: Via,
    seconds: float,
    traced: Mapping[str, str],
) -> tuple[int, bytes]:
    request_id = str(structlog.contextvars.get_contextvars().get("request_id") or uuid4())
    context = sign_context(
        endpoint=endpoint,
        tenant=installation.tenant,
        installation_id=installation.pk,
        via=via,
        asked=Asked(method, path, request_id),
    )
    answer = transport.send(
        endpoint.address,
        method=method,
        target=path,
        headers={
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "Plexica-Context": context,
            "X-Request-ID": request_id,
            **traced,
        },
        body=Body.of(content).chunks(),
        seconds=seconds,
    )
    return answer.status, answer.read()


def _outcome(status: int, content: bytes) -> dict[str, Any]:
    said = _as_object(content)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        if said is None and content:
            raise PermanentError("The plugin's backend answered something that is no JSON.")
        return said or {}
    words = said.get("error") if said else None
    detail = f": {words[:_MAX_WORDS]}" if isinstance(words, str) and words else "."
    message = f"The plugin's backend answered {status}{detail}"
    is_lasting = bool(words) or status < HTTPStatus.INTERNAL_SERVER_ERROR
    if status in _WORTH_ANOTHER_TRY or not is_lasting:
        raise TransientError(message)
    raise PermanentError(message)


def _as_object(content: bytes) -> dict[str, Any] | None:
    if len(content) > MAX_ANSWER_BYTES:
        return None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
