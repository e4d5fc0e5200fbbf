"""The two places that have a profile: the console and the workspaces."""

from django.http import HttpRequest
from django.urls import reverse

from tenants.requests import tenant_or_none


def base_template(request: HttpRequest) -> str:
    """Return the template that pages of the place are made of."""
    return f"base/{_place(request)}.html"


def address_here(request: HttpRequest, name: str, **values: object) -> str:
    """Return the address of a page that both places have, in the one of the request.

    Args:
        request: The request.
        name: What both call it, such as `profile`.
        values: The address's parts.
    """
    return reverse(f"{_place(request)}:{name}", kwargs=values or None)


def _place(request: HttpRequest) -> str:
    return "console" if tenant_or_none(request) is None else "workspace"
