"""Reading what a tenant's bucket holds."""

from dataclasses import dataclass

from plexica.core import shared_cache
from plexica.storage.clients import get_client, get_quick_client
from plexica.storage.errors import mapped_errors
from tenants.models import Tenant

PAGE_OBJECTS = 1000
MAX_PAGES = 10
KEPT_SECONDS = 60
_KEPT = "storage:usage:{}"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a bucket holds.

    Attributes:
        objects: How many objects were counted.
        bytes: Their size together, in bytes.
        is_complete: Whether there are no more than that.
    """

    objects: int
    bytes: int
    is_complete: bool


def recall_usage(*, tenant: Tenant) -> Usage | None:
    """Return what a tenant's bucket held a moment ago; None if nobody counted then.

    A slug can be somebody else's soon after it was freed, so the key names the tenant itself.
    """
    kept = shared_cache.read(_KEPT.format(tenant.pk))
    return Usage(*kept) if kept else None


def refresh_usage(*, tenant: Tenant) -> Usage:
    """Count what a tenant's bucket holds, in the tenant's scope, and remember it for a while.

    Raises:
        TransientError: The server does not answer, or fails.
        PermanentError: There is no bucket, or the server refuses.
    """
    usage = get_usage(tenant=tenant)
    kept = (usage.objects, usage.bytes, usage.is_complete)
    shared_cache.write(_KEPT.format(tenant.pk), kept, seconds=KEPT_SECONDS)
    return usage


def get_usage(*, tenant: Tenant, is_quick: bool = False) -> Usage:
    """Count what a tenant's bucket holds, up to 10,000 objects.

    Args:
        tenant: Whose.
        is_quick: Whether to give up after a few seconds, and try once only.

    Raises:
        TransientError: The server does not answer, or fails.
        PermanentError: There is no bucket, or the server refuses.
    """
    objects = size = 0
    with mapped_errors("reading the storage bucket"):
        pages = (
            (get_quick_client if is_quick else get_client)(tenant.s3)
            .get_paginator("list_objects_v2")
            .paginate(
                Bucket=tenant.bucket,
                PaginationConfig={"PageSize": PAGE_OBJECTS, "MaxItems": PAGE_OBJECTS * MAX_PAGES},
            )
        )
        for page in pages:
            contents = page.get("Contents", [])
            objects += len(contents)
            size += sum(item["Size"] for item in contents)
        is_complete = pages.resume_token is None
    return Usage(objects=objects, bytes=size, is_complete=is_complete)
