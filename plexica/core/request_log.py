"""The log of requests: one line when it begins, one when it ends, with its id."""

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from plexica.core.client_address import client_address
from plexica.core.context import REQUEST_HEADER, is_request_id
from plexica.core.observe.tracing import note_request

# What the backends of plugins call.
_FROM_PLUGINS = "/api/host/"


class RequestLogMiddleware(RequestMiddleware):
    """Logs requests without their query: a login's code and whatever people search for stay out."""

    def prepare(self, request: HttpRequest) -> None:
        """Give the request its id, and note in the trace and in the log where it belongs.

        A call that a plugin makes while it answers a request says which: it has an id of its own,
        since nothing shows that what it says is true.
        """
        cause = request.headers.get(REQUEST_HEADER, "")
        if request.path_info.startswith(_FROM_PLUGINS) and is_request_id(cause):
            structlog.contextvars.bind_contextvars(caused_by=cause)
        super().prepare(request)
        note_request()

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return what a line says of the request."""
        return f"{request.method} {request.path}"

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """Note the address that the request comes from, as far as it can be believed."""
        structlog.contextvars.bind_contextvars(ip=client_address(request))
