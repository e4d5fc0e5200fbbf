"""What guards ask for exists, and somebody of the right kind can hold it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver

from plexica.identity.guards import FOUND, GUARD_ATTRIBUTE, LOGIN
from plexica.rbac.api import HasPermission, HoldsWhatIsNeeded, IsKnown
from plexica.rbac.keys import is_key
from plexica.rbac.registry import Audience, get_definition
from plugins.gateway.api_views import HoldsWhatTheRouteNeeds
from tenants.api.base import TenantAPIView, guarded

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
    view = getattr(callback, "cls", None)
    for guard in getattr(view, "permission_classes", ()):
        if isinstance(guard, type) and issubclass(guard, HasPermission):
            yield guard.permission
        elif guard is HoldsWhatIsNeeded:
            yield from getattr(view, "permissions_needed", {}).values()


# What is open to everybody: the way in and out, the look of the pages there, files of signed
# packages, and the description of the API. The home page of
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
    "theme_style",
    "theme_picture",
    "static_file",
    "redirect_to_canonical",
    # Where a visit of the staff begins and ends: the console has asked for the permission.
    "support_begin",
    "support_enter",
    "support_leave",
    "support_ended",
}


def _is_guarded(callback: Any) -> bool:
    view = getattr(callback, "cls", None)
    if view is None:
        # What is one's own, or of a plugin: then its manifest names the permission.
        return getattr(callback, GUARD_ATTRIBUTE, "") in {LOGIN, FOUND} or bool(
            list(_asked_for(callback))
        )
    guards = view.permission_classes
    if HoldsWhatIsNeeded in guards:
        methods = {name for name in view.http_method_names if hasattr(view, name)}
        return {name.upper() for name in methods - {"head", "options"}} == set(
            view.permissions_needed
        )
    return bool({IsKnown, HoldsWhatTheRouteNeeds} & set(guards)) or bool(list(_asked_for(callback)))


def test_a_method_without_a_permission_is_noticed() -> None:
    class Careless(TenantAPIView):
        def get(self) -> None:
            """Return nothing."""

        def post(self) -> None:
            """Do nothing."""

    assert not _is_guarded(Careless.as_view())
    for permissions in ({}, {"get": "core:runs:view"}, {"get": "a:b:c", "delete": "a:b:c"}):
        with pytest.raises(TypeError, match="name a permission for each"):
            guarded(**permissions)(Careless)
    assert _is_guarded(guarded(get="core:runs:view", post="core:runs:retry")(Careless).as_view())


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
