"""The context of a request: for whom the host asks."""

from contextvars import ContextVar
from dataclasses import dataclass, field

from django.http import HttpRequest

from plexica_sdk.errors import PluginError


class NoContext(PluginError):
    """Something was asked for that only a request of the host has: a tenant, a database."""

    def __init__(self) -> None:
        super().__init__(
            "There is no request of the host here, so there is no tenant, no database and no"
            " access to the host. Threads begin without one."
        )


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose workspace it is.

    Attributes:
        id: Its id.
        slug: The short name, part of its address.
        name: What people call it.
        locale: Its language, such as `it`; may be empty.
        time_zone: Its time zone, such as `Europe/Rome`.
    """

    id: str
    slug: str
    name: str
    locale: str
    time_zone: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class User:
    """Who asks.

    Attributes:
        id: Their id.
        name: What they are called.
        kind: `person`, `service` (a service account) or `visitor` (a visit of support).
        locale: Their language; may be empty.
        time_zone: Their time zone; may be empty.
    """

    id: str
    name: str
    kind: str
    locale: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Context:
    """All that the host says of a request.

    Attributes:
        via: `page`, `fragment`, `widget`, `api`, `event` or `lifecycle`.
        request_id: The request's id, for logs.
        tenant: Whose workspace it is.
        installation: The installation's id: what to keep a tenant's things apart by.
        user: Who asks; None when the host itself does.
        permissions: Those of the plugin's permissions that the user holds.
        token: The host token, for the host's API.
        csrf: The value for forms' hidden field; empty where there are no forms.
    """

    via: str
    request_id: str
    tenant: Tenant
    installation: str
    user: User | None
    permissions: frozenset[str]
    token: str = field(repr=False)
    csrf: str = field(repr=False, default="")

    @property
    def language(self) -> str:
        """The language to answer in; empty if neither user nor tenant has one."""
        return (self.user.locale if self.user else "") or self.tenant.locale

    @property
    def time_zone(self) -> str:
        """The time zone to show times in."""
        return (self.user.time_zone if self.user else "") or self.tenant.time_zone


class PluginRequest(HttpRequest):
    """A request as a plugin's views get it, for their annotations.

    Attributes:
        plexica: Its context.
    """

    plexica: Context


_current: ContextVar[Context | None] = ContextVar("plexica_context", default=None)


def current() -> Context:
    """Return the context of the present request.

    Raises:
        NoContext: There is none.
    """
    context = _current.get()
    if context is None:
        raise NoContext
    return context


def current_or_none() -> Context | None:
    """Return the context of the present request, or None."""
    return _current.get()


def enter(context: Context) -> None:
    """Make a context the present one."""
    _current.set(context)


def leave(**_: object) -> None:
    """Have no context any more. It takes what a signal sends."""
    _current.set(None)
