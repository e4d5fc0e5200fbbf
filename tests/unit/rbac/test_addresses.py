"""What guards ask for exists, and somebody of the right kind can hold it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver

from plexica.identity.api import IsSuperAdmin
from plexica.rbac.api import HasPermission, IsKnown
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


# What is open to everybody: the way in and out, and the description of the API. The home page of
# the console only leads on, and an address with a slash too many leads to the one without.
PUBLIC = {
    "AuthenticateView",
    "CallbackView",
    "LogoutView",
    "LogoutEverywhereView",
    "LoggedOutView",
    "BackchannelLogoutView",
    "RedirectView",
    "SchemaView",
    "DocsView",
    "redirect_to_canonical",
}


def _is_guarded(callback: Any) -> bool:
    if list(_asked_for(callback)):
        return True
    guards = getattr(getattr(callback, "cls", None), "permission_classes", ())
    return IsSuperAdmin in guards or IsKnown in guards


@pytest.mark.parametrize("urlconf", [site for site, _audience in SITES])
def test_each_address_has_a_guard_or_is_open_on_purpose(urlconf: str) -> None:
    for callback in _callbacks(import_module(urlconf).urlpatterns):
        name = getattr(callback, "view_class", getattr(callback, "cls", callback)).__name__
        assert _is_guarded(callback) or name in PUBLIC, f"{name} has no guard"


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
