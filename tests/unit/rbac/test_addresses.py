"""What guards ask for exists, and somebody of the right kind can hold it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver

from plexica.rbac.api import HasPermission
from plexica.rbac.guards import GUARD_ATTRIBUTE
from plexica.rbac.keys import is_key
from plexica.rbac.registry import Audience, get_definition

SITES = [
    (settings.PUBLIC_SCHEMA_URLCONF, Audience.PLATFORM),
    (settings.ROOT_URLCONF, Audience.TENANT),
]


def _callbacks(patterns: list[Any]) -> Iterator[Any]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _callbacks(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern.callback


def _asked_for(callback: Any) -> Iterator[str]:
    mark = getattr(callback, GUARD_ATTRIBUTE, "")
    if is_key(mark):
        yield mark
    for guard in getattr(getattr(callback, "cls", None), "permission_classes", ()):
        if isinstance(guard, type) and issubclass(guard, HasPermission):
            yield guard.permission


@pytest.mark.parametrize(("urlconf", "audience"), SITES, ids=["console", "workspace"])
def test_each_permission_that_is_asked_for_is_registered(urlconf: str, audience: Audience) -> None:
    asked = {
        permission
        for callback in _callbacks(import_module(urlconf).urlpatterns)
        for permission in _asked_for(callback)
    }
    assert asked
    for permission in asked:
        definition = get_definition(permission)
        assert definition is not None, f"{permission} is asked for and not registered"
        assert definition.audience is audience
