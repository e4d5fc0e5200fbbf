"""One request on its way to a plugin's backend, and what comes back."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import quote

import structlog

from plugins.backends import Endpoint, endpoint_of, forget_endpoint
from plugins.gateway import transport
from plugins.gateway.bodies import Body
from plugins.gateway.breaker import breaker
from plugins.gateway.contexts import Asked, Caller, Via, sign_context
from plugins.gateway.failures import BackendBroken, BackendDown, BackendFailure
from plugins.gateway.headers import headers_to_browser, media_type
from plugins.gateway.slots import slots
from plugins.gateway.traces import call_traced
from plugins.installed import Installed
from plugins.metrics import CIRCUIT_OPEN, GATEWAY_REFUSED, GATEWAY_SECONDS
from tenants.models import Tenant

# Of what a path and a query may have, what stays as it is (RFC 3986, section 3.3 and 3.4).
_IN_PATH = "/:@!$&'()*+,;=~-._"
_IN_QUERY = "/?:@!$&'()*+,;=~-._%"
_FAILED = 500
_WITHOUT_BODY = frozenset({204, 304})

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that a route has let through.

    Attributes:
        installed: The plugin.
        tenant: For whom.
        caller: Who asks.
        via: What it is for.
        method: Its method.
        path: Its path behind the plugin's own address, decoded.
        query: Its query, as it came.
        headers: The headers that pass.
        body: Its body.
        prefix: What the plugin's addresses begin with in the browser.
    """

    installed: Installed
    tenant: Tenant
    caller: Caller
    via: Via
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Body
    prefix: str

    @property
    def target(self) -> str:
        """Path and query as they are sent, and signed."""
        path = quote(self.path, safe=_IN_PATH)
        query = quote(self.query.encode("latin-1", "replace"), safe=_IN_QUERY)
        return f"{path}?{query}" if query else path


class Reply:
    """A backend's answer, as far as it keeps to the contract.

    Attributes:
        status: The HTTP status code.
        content_type: Its type; empty where it has no body.
        headers: What the browser gets beside that.
    """

    def __init__(
        self,
        answer: transport.Answer,
        headers: dict[str, str],
        content_type: str,
        told: "_Told",
        release: Callable[[], None],
    ) -> None:
        self._answer = answer
        self._told = told
        self._release = release
        self._chunks = self._make_chunks()
        self.status = answer.status
        self.headers = headers
        self.content_type = content_type

    @property
    def length(self) -> int | None:
        """How long the body is, where the backend has said so."""
        return self._answer.length

    def read(self) -> bytes:
        """Return the whole body.

        Raises:
            BackendFailure: It does not come as it should.
        """
        return b"".join(self)

    def __iter__(self) -> Iterator[bytes]:
        """Return the body as it comes.

        Raises:
            BackendFailure: It does not come as it should.
        """
        return self._chunks

    def close(self) -> None:
        """Leave what has not been read: whoever asked may be gone before the first of it."""
        self._chunks.close()
        self._answer.close()
        self._release()

    def _make_chunks(self) -> Generator[bytes, None, None]:
        try:
            yield from self._answer.chunks()
        except BackendFailure as failure:
            self._told.failed(failure)
            raise
        finally:
            self._release()
        self._told.succeeded()


class _Told:
    """Tells breaker and log how it went."""

    def __init__(self, passage: Passage, endpoint: Endpoint) -> None:
        self._passage = passage
        self._began = perf_counter()
        # Whoever is started again, at another address, begins without failures.
        self.key = (endpoint.backend_id, endpoint.address)

    def may_ask(self) -> bool:
        return breaker.may_ask(self.key)

    def succeeded(self) -> None:
        breaker.succeeded(self.key)
        self._count("ok")
        CIRCUIT_OPEN.labels(self._passage.installed.slug).set(0)

    def failed(self, failure: BackendFailure) -> None:
        is_left_alone = breaker.failed(self.key)
        self._count(failure.code)
        CIRCUIT_OPEN.labels(self._passage.installed.slug).set(is_left_alone)
        log_failure(self._passage, failure)

    def _count(self, outcome: str) -> None:
        meter = GATEWAY_SECONDS.labels(self._passage.installed.slug, outcome)
        meter.observe(perf_counter() - self._began)


def log_failure(passage: Passage, failure: BackendFailure) -> None:
    """Note why a plugin has not answered, once a request."""
    logger.warning(
        "plugin_failed",
        plugin=passage.installed.slug,
        version=passage.installed.version,
        method=passage.method,
        path=passage.path,
        code=failure.code,
        reason=failure.reason[:300],
    )


def forward(passage: Passage) -> Reply:
    """Send a request to the plugin's backend.

    Returns:
        The answer: its body is to be read, all of it.

    Raises:
        BackendFailure: There is none, or it breaks the contract; that is logged already.
    """
    endpoint = endpoint_of(passage.installed.release_id)
    if endpoint is None:
        raise _refused(passage, "not-running", "No backend runs.")
    told = _Told(passage, endpoint)
    if not told.may_ask():
        words = "It is left alone, for it has failed several times in a row."
        raise _refused(passage, "left-alone", words)
    release = slots.take(told.key)
    if release is None:
        raise _refused(passage, "busy", "Too many requests are with it already.")
    try:
        return _exchange(passage, endpoint, told, release)
    except BaseException:
        release()
        raise


def _refused(passage: Passage, reason: str, words: str) -> BackendDown:
    GATEWAY_REFUSED.labels(passage.installed.slug, reason).inc()
    failure = BackendDown(words)
    log_failure(passage, failure)
    return failure


def _exchange(
    passage: Passage, endpoint: Endpoint, told: _Told, release: Callable[[], None]
) -> Reply:
    try:
        return _reply(passage, endpoint, told, release)
    except BackendFailure as failure:
        if isinstance(failure, BackendDown):
            forget_endpoint(passage.installed.release_id)
        told.failed(failure)
        raise


def _reply(passage: Passage, endpoint: Endpoint, told: _Told, release: Callable[[], None]) -> Reply:
    target = passage.target
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    headers = {
        **passage.headers,
        "Plexica-Context": sign_context(
            endpoint=endpoint,
            tenant=passage.tenant,
            installation_id=passage.installed.id,
            via=passage.via,
            asked=Asked(passage.method, target, request_id),
            caller=passage.caller,
        ),
        "Plexica-Prefix": passage.prefix,
        "X-Request-ID": request_id,
    }
    if passage.body.length is not None:
        headers["Content-Length"] = str(passage.body.length)
    installed = passage.installed
    with call_traced(installed.slug, installed.version, passage.method) as traced:
        answer = transport.send(
            endpoint.address,
            method=passage.method,
            target=target,
            headers=headers | traced,
            body=passage.body.chunks(),
        )
    try:
        if answer.status >= _FAILED:
            raise BackendBroken(f"It answered {answer.status}.")
        has_body = passage.method != "HEAD" and answer.status not in _WITHOUT_BODY
        return Reply(
            answer,
            headers_to_browser(answer.headers, prefix=passage.prefix),
            media_type(answer.headers, has_body=has_body and answer.has_body),
            told,
            release,
        )
    except BackendFailure:
        answer.close()
        raise
