"""Objects of a tenant's bucket below a prefix, for apps that keep things of their own there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import IO, Any

from botocore.exceptions import ClientError
from django.utils.translation import gettext as _

from plexica.core.errors import NotFound
from plexica.storage.clients import get_client
from plexica.storage.errors import error_status, mapped_errors
from plexica.storage.names import object_key
from tenants.models import Tenant

_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object, by its key below the prefix."""

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class OpenObject:
    """An object with its contents, which are read from the server while they are taken."""

    content_type: str
    size: int
    chunks: Iterator[bytes]


def list_objects(
    *, tenant: Tenant, prefix: str, beginning: str, limit: int, after: str
) -> tuple[list[StoredObject], str]:
    """Return objects below a prefix, by key.

    Args:
        tenant: Whose bucket.
        prefix: What their keys begin with, which is left out of what is returned.
        beginning: What the keys behind that begin with.
        limit: How many at most.
        after: The key, behind the prefix, that the others come after; empty for the first ones.

    Returns:
        The objects, and what to ask for the next ones after; empty where there are no more.

    Raises:
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    options: dict[str, Any] = {"StartAfter": f"{prefix}{after}"} if after else {}
    with mapped_errors("listing files"):
        answer = get_client(tenant.s3).list_objects_v2(
            Bucket=tenant.bucket, Prefix=f"{prefix}{beginning}", MaxKeys=limit, **options
        )
    found = [
        StoredObject(item["Key"].removeprefix(prefix), item["Size"], item["LastModified"])
        for item in answer.get("Contents", [])
    ]
    return found, found[-1].key if found and answer["IsTruncated"] else ""


def open_object(*, tenant: Tenant, prefix: str, key: str) -> OpenObject:
    """Return an object.

    Raises:
        NotFound: There is none of this key, or there can be none.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    name = object_key(prefix, key)
    with mapped_errors("reading a file"):
        try:
            answer = get_client(tenant.s3).get_object(Bucket=tenant.bucket, Key=name)
        except ClientError as error:
            if error_status(error) == HTTPStatus.NOT_FOUND:
                raise NotFound(_("There is no such file, or it is gone.")) from error
            raise
    return OpenObject(
        answer["ContentType"], answer["ContentLength"], answer["Body"].iter_chunks(_CHUNK_BYTES)
    )


def write_object(
    *, tenant: Tenant, prefix: str, key: str, content: IO[bytes], content_type: str
) -> None:
    """Write an object, in the place of the one that is there.

    Raises:
        NotFound: There can be none of this key.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    name = object_key(prefix, key)
    with mapped_errors("saving a file"):
        get_client(tenant.s3).put_object(
            Bucket=tenant.bucket, Key=name, Body=content, ContentType=content_type
        )


def delete_object(*, tenant: Tenant, prefix: str, key: str) -> None:
    """Delete an object, whether it is there or not.

    Raises:
        NotFound: There can be none of this key.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    name = object_key(prefix, key)
    with mapped_errors("deleting a file"):
        get_client(tenant.s3).delete_object(Bucket=tenant.bucket, Key=name)
