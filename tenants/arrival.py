"""Where a request arrives: the tenant of its host name, and what is read along with it.

Both are read anew for each request, so what is done to a tenant counts from the next one on. An app
above may name something of the tenant's own that most requests need next, such as the session: it
is read in the same trip to the database, in the scope that the host led to the last time. That is a
guess, and what came of it is believed only if the tenant's row, read in the same message, says that
the scope is still the host's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import DatabaseError, OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest

from plexica.core.postgresql.fixed import FixedRead, ScopedRead, first_of_each
from plexica.core.scope import Scope, platform, platform_scope
from tenants.models import Domain, Tenant
from tenants.scopes import scope_of

MAX_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Along:
    """What is to be read along with a request's tenant.

    Attributes:
        read: The read.
        values: Its values.
    """

    read: FixedRead[Any]
    values: Sequence[Any]


Find = Callable[[HttpRequest], Along | None]

_finders: list[Find] = []
_guesses: dict[str, Scope] = {}


def read_along(find: Find) -> None:
    """Have something be read along; one app does so, when it starts.

    Args:
        find: Returns what, or None where the request needs nothing. `found_along` returns it.
    """
    _finders[:] = [find]


def found_along(request: HttpRequest) -> tuple[Along, Any] | None:
    """Return what was read along, and the row or None that was found; None if nothing was."""
    found: tuple[Along, Any] | None = getattr(request, "_plexica_along", None)
    return found


def find_tenant(request: HttpRequest, host: str) -> Tenant | None:
    """Return the tenant whose host name this is, or None."""
    guess = _guesses.get(host)
    along = _finders[0](request) if guess and _finders else None
    with platform_scope():
        if guess is None or along is None:
            return _remember(host, _DOMAIN_OF_HOST.first(host))
        try:
            domain, row = first_of_each(
                ScopedRead(platform(), _DOMAIN_OF_HOST, (host,)),
                ScopedRead(guess, along.read, along.values),
            )
        except OperationalError:
            raise
        except DatabaseError:
            # The guess is wrong: that role or schema is gone, or is another one now.
            return _remember(host, _DOMAIN_OF_HOST.first(host))
        tenant = _remember(host, domain)
        if tenant is not None and _guesses.get(host) == guess:
            request._plexica_along = (along, row)  # type: ignore[attr-defined]  # noqa: SLF001 (ours)
    return tenant


def forget_arrivals() -> None:
    """Guess nothing any more."""
    _guesses.clear()


def _remember(host: str, domain: Domain | None) -> Tenant | None:
    if domain is None:
        _guesses.pop(host, None)
        return None
    tenant = cast("Tenant", domain.tenant)
    scope = scope_of(tenant) if tenant.is_active else None
    if scope is None or scope.missing:
        _guesses.pop(host, None)
    elif _guesses.get(host) != scope:
        if len(_guesses) >= MAX_KEPT:
            _guesses.clear()
        _guesses[host] = scope
    return tenant


def _domain_of(host: str) -> QuerySet[Domain]:
    domains: QuerySet[Domain] = Domain.objects.select_related("tenant").filter(domain=host)
    return domains


_DOMAIN_OF_HOST = FixedRead(_domain_of, "host.example")
