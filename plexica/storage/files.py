"""The files of a tenant's people, in the tenant's bucket.

Plexica's own objects there (`plexica.storage.names.RESERVED`) are neither listed nor reached.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any

import structlog
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.models import AuditEntry
from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput, NotFound, OutwardError
from plexica.storage.clients import get_client
from plexica.storage.errors import error_status, mapped_errors
from plexica.storage.names import (
    SEPARATOR,
    clean_name,
    file_key,
    folder_key,
    is_reserved,
    join,
    name_of,
)
from tenants.models import Tenant

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PAGE_SIZE = 100
LINK_SECONDS = 60 * 60
MAX_TOKEN_LENGTH = 4000
MEGABYTE = 1024 * 1024
_LINK_SALT = "plexica.storage.link"
_CHUNK_BYTES = 64 * 1024
# In one piece after the other, so that an upload takes little memory.
_TRANSFER = TransferConfig(use_threads=False)
_TARGET_LENGTH = AuditEntry._meta.get_field("target").max_length or 0  # noqa: SLF001 (documented Options)

logger = structlog.get_logger(__name__)


class NameTaken(Conflict):
    """There is something of this name already."""

    code = "name-taken"
    title = gettext_noop("There is something of this name already")


class FolderNotEmpty(Conflict):
    """There is something in the folder."""

    code = "folder-not-empty"
    title = gettext_noop("The folder is not empty")


class LinkExpired(NotFound):
    """The link to a file is too old, or was never given out for this tenant."""

    code = "link-expired"
    title = gettext_noop("This link has expired")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file.

    Attributes:
        key: Its path.
        name: The last part of it.
        size: How many bytes it has.
        changed_at: When it was last written.
    """

    key: str
    name: str
    size: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder.

    Attributes:
        path: Its path, without a slash at the end.
        name: The last part of it.
    """

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of what is directly in a folder.

    Attributes:
        folders: The folders in it.
        files: The files in it.
        next_token: What the next page is asked for with; empty on the last one.
    """

    folders: list[Folder]
    files: list[StoredFile]
    next_token: str


def list_folder(*, tenant: Tenant, path: str, token: str = "") -> Listing:
    """Return what is directly in a folder, by name; a folder that is not there is empty.

    Args:
        tenant: Whose files.
        path: The folder; empty for the top.
        token: Which page, from the page before; empty for the first one.

    Raises:
        NotFound: There can be no such folder.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses, as it does for a token that it did not give out.
    """
    prefix = folder_key(path)
    options: dict[str, Any] = {"ContinuationToken": token} if token else {}
    with mapped_errors("listing files"):
        answer = get_client(tenant.s3).list_objects_v2(
            Bucket=tenant.bucket, Prefix=prefix, Delimiter=SEPARATOR, MaxKeys=PAGE_SIZE, **options
        )
    folders = [entry["Prefix"].rstrip(SEPARATOR) for entry in answer.get("CommonPrefixes", [])]
    return Listing(
        folders=[Folder(path, name_of(path)) for path in folders if not is_reserved(path)],
        files=[
            StoredFile(item["Key"], name_of(item["Key"]), item["Size"], item["LastModified"])
            for item in answer.get("Contents", [])
            # What marks the folder itself is no file in it.
            if item["Key"] != prefix and not is_reserved(item["Key"])
        ],
        next_token=answer.get("NextContinuationToken", ""),
    )


def get_file(*, tenant: Tenant, key: str) -> StoredFile:
    """Return what is known of a file.

    Raises:
        NotFound: There is no such file.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    key = file_key(key)
    with mapped_errors("looking for a file"):
        found = _head(get_client(tenant.s3), tenant.bucket, key)
    if found is None:
        raise NotFound(_("There is no such file, or it is gone."))
    return StoredFile(key, name_of(key), found["ContentLength"], found["LastModified"])


def upload_file(
    *,
    tenant: Tenant,
    folder: str,
    name: str,
    content: IO[bytes],
    size: int,
    replaces: bool,
    actor: Actor,
) -> str:
    """Put a file into a folder.

    Args:
        tenant: Whose bucket.
        folder: The folder's path; empty for the top.
        name: What the file is called.
        content: What is in it, read piece by piece.
        size: How many bytes it has.
        replaces: Whether a file of the same name may be written over.
        actor: Who does it.

    Returns:
        The file's key.

    Raises:
        InvalidInput: The name cannot be used, or the file is empty or too large.
        NameTaken: There is such a file, or a folder of this name.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    key = join(folder_key(folder), clean_name(name))
    _check_size(size)
    client = get_client(tenant.s3)
    with mapped_errors("saving a file"):
        is_there = _head(client, tenant.bucket, key) is not None
        if is_there and not replaces:
            raise NameTaken(_("There is a file of this name already."))
        if not is_there and _holds_anything(client, tenant.bucket, f"{key}{SEPARATOR}"):
            raise NameTaken(_("There is a folder of this name already."))
        # The type is never told to a browser; see `open_file`.
        client.upload_fileobj(
            content,
            tenant.bucket,
            key,
            ExtraArgs={"ContentType": "application/octet-stream"},
            Config=_TRANSFER,
        )
    try:
        with transaction.atomic():
            record(
                actor=actor,
                action="file.replaced" if is_there else "file.uploaded",
                target=_target("file", key),
                after={"name": key, "size": size},
            )
    except Exception:
        if is_there:
            # What was there before is gone: better the new one than none.
            logger.exception("file_replaced_without_audit", key=key)
        else:
            # Nothing is there that the audit does not tell of.
            _take_back(client, tenant.bucket, key)
        raise
    return key


def make_folder(*, tenant: Tenant, folder: str, name: str, actor: Actor) -> str:
    """Make an empty folder in a folder.

    Returns:
        Its path.

    Raises:
        InvalidInput: The name cannot be used.
        NameTaken: There is a file or a folder of this name.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    path = join(folder_key(folder), clean_name(name))
    client, marker = get_client(tenant.s3), f"{path}{SEPARATOR}"
    with mapped_errors("making a folder"), transaction.atomic():
        if _head(client, tenant.bucket, path) is not None:
            raise NameTaken(_("There is a file of this name already."))
        if _holds_anything(client, tenant.bucket, marker):
            raise NameTaken(_("There is a folder of this name already."))
        record(
            actor=actor,
            action="file.folder_made",
            target=_target("folder", path),
            after={"name": path},
        )
        client.put_object(Bucket=tenant.bucket, Key=marker, Body=b"")
    return path


def delete_file(*, tenant: Tenant, key: str, actor: Actor) -> None:
    """Delete a file.

    Raises:
        NotFound: There is no such file.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    file = get_file(tenant=tenant, key=key)
    with mapped_errors("deleting a file"), transaction.atomic():
        record(
            actor=actor,
            action="file.deleted",
            target=_target("file", file.key),
            before={"name": file.key, "size": file.size},
        )
        get_client(tenant.s3).delete_object(Bucket=tenant.bucket, Key=file.key)


def delete_folder(*, tenant: Tenant, path: str, actor: Actor) -> None:
    """Delete a folder in which nothing is.

    Raises:
        NotFound: There is no such folder.
        FolderNotEmpty: Something is in it.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    prefix = folder_key(path)
    if not prefix:
        raise NotFound(_("There is no such file or folder."))
    client = get_client(tenant.s3)
    with mapped_errors("deleting a folder"), transaction.atomic():
        found = client.list_objects_v2(Bucket=tenant.bucket, Prefix=prefix, MaxKeys=2)
        keys = [item["Key"] for item in found.get("Contents", [])]
        if not keys:
            raise NotFound(_("There is no such file or folder."))
        if keys != [prefix]:
            raise FolderNotEmpty(_("Delete or move what is in it first."))
        record(
            actor=actor,
            action="file.folder_deleted",
            target=_target("folder", path.strip(SEPARATOR)),
            before={"name": path.strip(SEPARATOR)},
        )
        client.delete_object(Bucket=tenant.bucket, Key=prefix)


def sign_link(*, tenant: Tenant, key: str) -> str:
    """Return what leads to a file for an hour, and only for people who may read files.

    Raises:
        NotFound: There can be no such file.
    """
    return signing.dumps([str(tenant.pk), file_key(key)], salt=_LINK_SALT, compress=True)


def read_link(*, tenant: Tenant, link: str) -> str:
    """Return the key of the file that a link leads to.

    Raises:
        LinkExpired: It is too old, or was not given out for this tenant.
    """
    try:
        tenant_id, key = signing.loads(link, salt=_LINK_SALT, max_age=LINK_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise LinkExpired(_("Go to the file and ask for another link.")) from error
    if tenant_id != str(tenant.pk):
        raise LinkExpired(_("Go to the file and ask for another link."))
    return file_key(key)


def open_file(*, tenant: Tenant, key: str) -> tuple[StoredFile, Iterator[bytes]]:
    """Return a file with its contents, which are read from the server while they are taken.

    Raises:
        NotFound: There is no such file.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    key = file_key(key)
    with mapped_errors("reading a file"):
        try:
            answer = get_client(tenant.s3).get_object(Bucket=tenant.bucket, Key=key)
        except ClientError as error:
            if error_status(error) == HTTPStatus.NOT_FOUND:
                raise NotFound(_("There is no such file, or it is gone.")) from error
            raise
    file = StoredFile(key, name_of(key), answer["ContentLength"], answer["LastModified"])
    return file, answer["Body"].iter_chunks(_CHUNK_BYTES)


def note_download(*, file: StoredFile, actor: Actor) -> None:
    """Write down that somebody took a file with them, where that is worth telling: in a visit."""
    with transaction.atomic():
        record(actor=actor, action="file.downloaded", target=_target("file", file.key))


def max_file_bytes() -> int:
    """Return how many bytes a file may have."""
    return int(settings.PLEXICA_FILE_MAX_MB) * MEGABYTE


def _check_size(size: int) -> None:
    if size <= 0:
        raise InvalidInput(_("The file is empty."))
    if size > max_file_bytes():
        raise InvalidInput(
            _("The file is larger than %(max)d MB.") % {"max": settings.PLEXICA_FILE_MAX_MB}
        )


def _head(client: "S3Client", bucket: str, key: str) -> Any | None:
    try:
        return client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_status(error) in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}:
            return None
        raise


def _holds_anything(client: "S3Client", bucket: str, prefix: str) -> bool:
    found = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    return found.get("KeyCount", 0) > 0


def _take_back(client: "S3Client", bucket: str, key: str) -> None:
    try:
        with mapped_errors("taking a file back"):
            client.delete_object(Bucket=bucket, Key=key)
    except OutwardError:
        logger.exception("file_left", key=key)


def _target(kind: str, key: str) -> str:
    return f"{kind}:{key}"[:_TARGET_LENGTH]
