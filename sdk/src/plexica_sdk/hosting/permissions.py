"""Asking for a permission, beside the gateway that has asked already."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from plexica_sdk.hosting.context import current

_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponseBase]
_MARK = "plexica_permissions"
_ANY = ""


def require(permission: str, **by_method: str) -> Callable[[_View[_P]], _View[_P]]:
    """Let nobody into a view who does not hold a permission.

    Whoever does not, is answered with 403 and words. The view bears what it asks for as a mark,
    by which `plexica_sdk.testing.check_routes` compares it with the manifest.

    Args:
        permission: Its key, such as `hello:notes:read`.
        by_method: Others for some methods, such as `POST="hello:notes:write"`.
    """
    wanted = {_ANY: permission, **by_method}

    def decorate(view: _View[_P]) -> _View[_P]:
        @wraps(view)
        def guarded(
            request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs
        ) -> HttpResponseBase:
            key = _wanted_for(wanted, request.method or "")
            if key not in current().permissions:
                raise PermissionDenied(
                    _("This needs the permission %(key)s, which you do not hold.") % {"key": key}
                )
            return view(request, *args, **kwargs)

        setattr(guarded, _MARK, wanted)
        return guarded

    return decorate


def permission_of(view: object, method: str) -> str:
    """Return the key that a view asks for, or an empty text.

    Args:
        view: The view.
        method: The request's method.
    """
    return _wanted_for(getattr(view, _MARK, {}), method)


def _wanted_for(wanted: Mapping[str, str], method: str) -> str:
    return wanted.get("GET" if method == "HEAD" else method, wanted.get(_ANY, ""))
