"""A tenant's files: out of its bucket into an archive, back, and compared."""

import io
import json
from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from plexica.backup.archive.reading import Member, damaged
from plexica.backup.archive.writing import SectionWriter
from plexica.backup.meter import Meter
from plexica.core.context import ContextThreadPool
from plexica.storage.clients import get_client
from plexica.storage.errors import error_code, mapped_errors
from tenants.models import Tenant

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

_AT_ONCE = 4
# Asked for ahead of the one that is written; their bytes stay on the server until then.
_AHEAD = 8
_CHUNK_BYTES = 1024 * 1024
# What is put in one piece; more than this goes up in parts.
_PART_BYTES = 16 * 1024 * 1024
_MAX_KEY_BYTES = 1024
_KEY, _FACTS = "PLEXICA.key", "PLEXICA.object"
_KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentType", "Metadata")
_GONE = frozenset({"NoSuchKey", "404"})


def write_files(tenant: Tenant, section: SectionWriter, meter: Meter) -> dict[str, int]:
    """Write all objects of a tenant's bucket into a section, each as it is when it is read.

    What is deleted meanwhile is left out, what changes is written as one of its versions.

    Returns:
        How many there are, and how many bytes.

    Raises:
        TransientError: The server does not answer.
        PermanentError: The server refuses.
    """
    count = size = 0
    with mapped_errors("reading the files"):
        client = get_client(tenant.s3)
        for key, answer in _ahead(client, tenant.bucket):
            length = answer["ContentLength"]
            with closing(answer["Body"]) as body:
                section.add_stream(
                    f"files/{key}",
                    cast("Any", _Metered(body, meter)),
                    size=length,
                    facts={_KEY: key, _FACTS: json.dumps(_facts(answer))},
                )
            count, size = count + 1, size + length
    return {"count": count, "bytes": size}


def load_file(tenant: Tenant, member: Member, meter: Meter) -> None:
    """Put one file of an archive into a tenant's bucket.

    Raises:
        ArchiveRefused: It is no file.
        TransientError: The server does not answer.
        PermanentError: The server refuses.
    """
    key, facts = _of(member)
    client = get_client(tenant.s3)
    with mapped_errors("writing the files"):
        if member.size <= _PART_BYTES:
            body = member.stream.read()
            client.put_object(Bucket=tenant.bucket, Key=key, Body=body, **facts)
            meter.add(len(body))
        else:
            client.upload_fileobj(
                member.stream,
                tenant.bucket,
                key,
                ExtraArgs=facts,
                Callback=meter.add,
                Config=TransferConfig(
                    multipart_chunksize=_PART_BYTES,
                    multipart_threshold=_PART_BYTES,
                    # A stream is read by one.
                    use_threads=False,
                ),
            )


def is_same_file(tenant: Tenant, member: Member, meter: Meter) -> bool:
    """Return whether a tenant's bucket has a file as the archive has it.

    Raises:
        TransientError: The server does not answer.
        PermanentError: The server refuses.
    """
    key, facts = _of(member)
    with mapped_errors("comparing the files"):
        try:
            answer = get_client(tenant.s3).get_object(Bucket=tenant.bucket, Key=key)
        except ClientError as error:
            if error_code(error) in _GONE:
                return False
            raise
        found = sha256()
        with closing(answer["Body"]) as body:
            for data in body.iter_chunks(_CHUNK_BYTES):
                found.update(data)
                meter.add(len(data))
    kept = sha256()
    while data := member.stream.read(_CHUNK_BYTES):
        kept.update(data)
    return found.digest() == kept.digest() and _facts(answer) == facts


def count_files(tenant: Tenant) -> int:
    """Return how many objects a tenant's bucket has."""
    with mapped_errors("counting the files"):
        client = get_client(tenant.s3)
        return sum(1 for _ in _keys(client, tenant.bucket))


def _of(member: Member) -> tuple[str, dict[str, Any]]:
    """Return a file's key and what is kept of it, if it can be one."""
    key, facts = member.facts.get(_KEY, ""), json.loads(member.facts.get(_FACTS, "{}"))
    parts = key.removesuffix("/").split("/")
    if (
        not 0 < len(key.encode()) <= _MAX_KEY_BYTES
        or "\0" in key
        or any(part in {"", ".", ".."} for part in parts)
        or not isinstance(facts, dict)
        or not set(facts) <= set(_KEPT)
    ):
        raise damaged()
    return key, facts


def _facts(answer: "GetObjectOutputTypeDef") -> dict[str, Any]:
    found = cast("dict[str, Any]", answer)
    return {name: found[name] for name in _KEPT if found.get(name)}


def _ahead(client: "S3Client", bucket: str) -> Iterator[tuple[str, "GetObjectOutputTypeDef"]]:
    """Yield each object that is still there, asking for some ahead."""
    waiting: deque[tuple[str, Future[GetObjectOutputTypeDef | None]]] = deque()
    keys = _keys(client, bucket)
    with ContextThreadPool(_AT_ONCE, thread_name_prefix="files") as pool:
        try:
            while True:
                while len(waiting) < _AHEAD and (key := next(keys, None)) is not None:
                    waiting.append((key, pool.submit(_ask, client, bucket, key)))
                if not waiting:
                    return
                key, asked = waiting.popleft()
                answer = asked.result()
                if answer is not None:
                    yield key, answer
        finally:
            for _key, asked in waiting:
                with suppress(Exception):
                    if answer := asked.result():
                        answer["Body"].close()


def _ask(client: "S3Client", bucket: str, key: str) -> "GetObjectOutputTypeDef | None":
    """Begin to read an object; what the answer gives is one version of it, whatever comes then."""
    try:
        return client.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) in _GONE:
            return None
        raise


def _keys(client: "S3Client", bucket: str) -> Iterator[str]:
    last = ""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", ()):
            # Some servers list the last object of a page again on the next.
            if found["Key"] != last:
                yield found["Key"]
            last = found["Key"]


class _Metered(io.RawIOBase):
    """Counts what is read of an object."""

    def __init__(self, body: Any, meter: Meter) -> None:
        self._body = body
        self._meter = meter

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._body.read(None if size < 0 else size)
        self._meter.add(len(data))
        return data
