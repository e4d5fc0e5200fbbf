"""Buckets: whose one is, how it is made, marked, emptied and deleted. Errors are boto3's own."""

from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from botocore.exceptions import ClientError
from django.conf import settings
from django.utils.translation import gettext_noop

from plexica.core.errors import PermanentError, TransientError
from plexica.storage.clients import get_server
from plexica.storage.errors import error_code
from tenants.models import Tenant

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        CreateBucketConfigurationTypeDef,
        DeleteObjectsOutputTypeDef,
        ObjectIdentifierTypeDef,
        TagTypeDef,
    )

OWNER_TAG = "plexica-tenant"
# Several platforms may share a server: each looks for leftovers among its own buckets only.
PLATFORM_TAG = "plexica-platform"

# The one region whose name Amazon's API does not accept as a place for a bucket.
_NAMELESS_REGION = "us-east-1"
_EMPTYING_ROUNDS = 3
# As many as one call deletes at most.
_PAGE_KEYS = 1000

logger = structlog.get_logger(__name__)


class BucketTaken(PermanentError):
    """A bucket with a tenant's name is somebody else's."""

    def __init__(self) -> None:
        super().__init__("A bucket with this name exists already and is not this tenant's.")


def expected_tags(tenant_id: UUID) -> dict[str, str]:
    """Return the tags of a tenant's bucket."""
    return {OWNER_TAG: str(tenant_id), PLATFORM_TAG: settings.PLEXICA_CONSOLE_URL}


def read_tags(client: "S3Client", bucket: str) -> dict[str, str] | None:
    """Return a bucket's tags, or None when there is no bucket.

    Raises:
        BucketTaken: The server does not show them to us.
    """
    try:
        tags = client.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        code = error_code(error)
        if code == "NoSuchBucket":
            return None
        if code == "NoSuchTagSet":
            return {}
        if code == "AccessDenied":
            raise BucketTaken from error
        raise
    return {tag["Key"]: tag["Value"] for tag in tags}


def write_tags(client: "S3Client", bucket: str, tags: dict[str, str]) -> None:
    """Give a bucket these tags and no others."""
    client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": _tag_set(tags)})


def ensure_bucket(client: "S3Client", tenant: Tenant) -> None:
    """Make a tenant's bucket with its tags, unless it is there.

    Raises:
        BucketTaken: The name is taken by something else.
    """
    found = read_tags(client, tenant.bucket)
    if found is None:
        _create(client, tenant)
        found = read_tags(client, tenant.bucket)
        if found == {}:
            # The server takes no tags when it makes a bucket. This call made it.
            write_tags(client, tenant.bucket, expected_tags(tenant.id))
            return
    if found is None or found.get(OWNER_TAG) != str(tenant.id):
        raise BucketTaken


def remove_bucket(client: "S3Client", bucket: str) -> None:
    """Delete a bucket with all that is in it; the caller has made sure whose it is.

    Raises:
        TransientError: Somebody still writes to it.
    """
    for _round in range(_EMPTYING_ROUNDS):
        empty_prefix(client, bucket, prefix="")
        if _delete(client, bucket):
            return
    raise TransientError(gettext_noop("The storage bucket is still being written to."))


def _create(client: "S3Client", tenant: Tenant) -> None:
    """Make the bucket and mark it in one call, so that a crash leaves none that is nobody's."""
    configuration: CreateBucketConfigurationTypeDef = {"Tags": _tag_set(expected_tags(tenant.id))}
    region = get_server(tenant.s3).region
    if region != _NAMELESS_REGION:
        configuration["LocationConstraint"] = region  # type: ignore[typeddict-item] # any region's name
    try:
        client.create_bucket(Bucket=tenant.bucket, CreateBucketConfiguration=configuration)
    except ClientError as error:
        if error_code(error) == "BucketAlreadyExists":
            raise BucketTaken from error
        # Made in the meantime, perhaps by this very call's first attempt: its tag tells.
        if error_code(error) != "BucketAlreadyOwnedByYou":
            raise


def _tag_set(tags: dict[str, str]) -> "list[TagTypeDef]":
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def empty_prefix(client: "S3Client", bucket: str, prefix: str) -> None:
    """Delete all that is under a prefix, if there is such a bucket.

    Args:
        client: The server's.
        bucket: Whose it is, the caller has made sure.
        prefix: What the keys begin with; empty for all.

    Raises:
        TransientError: The server did not delete all of it.
    """
    try:
        for uploads in client.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, Prefix=prefix
        ):
            for upload in uploads.get("Uploads", ()):
                client.abort_multipart_upload(
                    Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        # Some servers list the last object of a page again on the next: deleting twice is harmless.
        pages = client.get_paginator("list_object_versions").paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _PAGE_KEYS}
        )
        for page in pages:
            found: list[ObjectIdentifierTypeDef] = [
                {"Key": item["Key"], "VersionId": item["VersionId"]}
                for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            if found:
                answer = client.delete_objects(
                    Bucket=bucket, Delete={"Objects": found, "Quiet": True}
                )
                _refuse_errors(answer)
    except ClientError as error:
        # Another undo got further, or an upload ended in the meantime: the deletion will tell.
        if error_code(error) not in {"NoSuchBucket", "NoSuchUpload"}:
            raise


def _refuse_errors(answer: "DeleteObjectsOutputTypeDef") -> None:
    errors = answer.get("Errors", [])
    if errors:
        logger.warning("objects_not_deleted", count=len(errors), code=errors[0].get("Code"))
        raise TransientError(
            gettext_noop("The storage server did not delete all objects of the bucket.")
        )


def _delete(client: "S3Client", bucket: str) -> bool:
    """Delete a bucket and return whether it is gone; one that is not empty stays."""
    try:
        client.delete_bucket(Bucket=bucket)
    except ClientError as error:
        code = error_code(error)
        if code == "BucketNotEmpty":
            return False
        if code != "NoSuchBucket":
            raise
    return True
