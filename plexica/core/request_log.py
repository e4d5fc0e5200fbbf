"""The log of requests: one line when it begins, one when it ends, with its id."""

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from plexica.core.client_address import client_address


class RequestLogMiddleware(RequestMiddleware):
    """Logs requests without their query: a login's code and whatever people search for stay out."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return what a line says of the request."""
        return f"{request.method} {request.path}"

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """Note the address that the request comes from, as far as it can be believed."""
        structlog.contextvars.bind_contextvars(ip=client_address(request))
