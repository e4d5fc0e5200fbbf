"""What each template of a plugin has."""

from typing import Any

from django.http import HttpRequest

from plexica_sdk.hosting.context import current_or_none


def plexica(request: HttpRequest) -> dict[str, Any]:
    """Return the context as `plexica`, and the value that `{% csrf_token %}` writes."""
    del request
    context = current_or_none()
    return {"plexica": context, "csrf_token": context.csrf} if context else {}
