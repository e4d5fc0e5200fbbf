"""Entity tags of tenants, and changes that are made only to what the caller has seen (RFC 9110)."""

from django.utils.http import parse_etags

from plexica.core.errors import PlexicaError
from tenants.models import Tenant

_ANY = "*"


class PreconditionFailed(PlexicaError):
    """The tenant is not as the caller knows it."""

    code = "precondition-failed"
    title = "The tenant has changed since"
    status = 412


def etag_of(tenant: Tenant) -> str:
    """Return a tenant's entity tag; every change of the tenant changes it."""
    return f'"{tenant.version}"'


def check_if_match(header: str | None, tenant: Tenant) -> None:
    """Accept a change to a tenant that is as the caller knows it.

    Args:
        header: The `If-Match` header, or None if there was none.
        tenant: The tenant as it is.

    Raises:
        PreconditionFailed: It is not among the entity tags of the header.
    """
    if header is None:
        return
    tags = parse_etags(header)
    if _ANY not in tags and etag_of(tenant) not in tags:
        raise PreconditionFailed("Load the tenant again, and repeat the change on what is there.")
