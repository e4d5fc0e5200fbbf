"""The log of requests: one line when it begins, one when it ends, with its id."""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class RequestLogMiddleware(RequestMiddleware):
    """Logs requests without their query: a login's code and whatever people search for stay out."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return what a line says of the request."""
        return f"{request.method} {request.path}"
