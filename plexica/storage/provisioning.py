"""The provisioning step that makes a tenant's bucket."""

from typing import TYPE_CHECKING, ClassVar

import structlog
from botocore.exceptions import ClientError

from plexica.core.errors import PermanentError, TransientError
from plexica.storage.clients import get_client, get_server
from plexica.storage.errors import error_code, mapped_errors
from tenants.models import Tenant
from tenants.provisioning.step import Step

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        CreateBucketConfigurationTypeDef,
        DeleteObjectsOutputTypeDef,
        ObjectIdentifierTypeDef,
        TagTypeDef,
    )

OWNER_TAG = "plexica-tenant"

# The one region whose name Amazon's API does not accept as a place for a bucket.
_NAMELESS_REGION = "us-east-1"
_EMPTYING_ROUNDS = 3
# As many as one call deletes at most.
_PAGE_KEYS = 1000

logger = structlog.get_logger(__name__)


class Bucket(Step):
    """The bucket, which bears the tenant's id as a tag from the moment that it exists.

    The tag says whose the bucket is: one without it, or with another's, is neither used nor
    touched, whatever its name. Nothing is public, and browsers get to objects by signed addresses
    only, so there is no policy and no CORS rule.
    """

    name: ClassVar[str] = "bucket"
    label: ClassVar[str] = "Storage bucket"

    def do(self, tenant: Tenant) -> None:
        """Make the bucket, unless it is there and this tenant's.

        Raises:
            TransientError: The server does not answer, or fails.
            PermanentError: The name is taken by something else, or the server refuses.
        """
        with mapped_errors("making the storage bucket"):
            client = get_client(tenant.s3)
            owner = _owner(client, tenant.bucket)
            if owner is None:
                _create(client, tenant)
                owner = _owner(client, tenant.bucket)
                if owner == "":
                    # The server takes no tags when it makes a bucket. This call made it.
                    client.put_bucket_tagging(
                        Bucket=tenant.bucket, Tagging={"TagSet": [_owner_tag(tenant)]}
                    )
                    return
            if owner != str(tenant.id):
                raise _taken()

    def undo(self, tenant: Tenant) -> None:
        """Delete the bucket with all that is in it, if it is this tenant's.

        Raises:
            TransientError: The server does not answer, fails, or somebody still writes.
            PermanentError: The server refuses.
        """
        with mapped_errors("deleting the storage bucket"):
            client = get_client(tenant.s3)
            owner = _owner(client, tenant.bucket)
            if owner is None:
                return
            if owner != str(tenant.id):
                logger.warning("bucket_left_alone", bucket=tenant.bucket)
                return
            for _round in range(_EMPTYING_ROUNDS):
                _empty(client, tenant.bucket)
                if _delete(client, tenant.bucket):
                    return
        raise TransientError("The storage bucket is still being written to.")


def _owner(client: "S3Client", bucket: str) -> str | None:
    """Return the id of the tenant that a bucket is marked with; empty: none; None: no bucket."""
    try:
        tags = client.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        code = error_code(error)
        if code == "NoSuchBucket":
            return None
        if code == "NoSuchTagSet":
            return ""
        if code == "AccessDenied":
            raise _taken() from error
        raise
    return next((tag["Value"] for tag in tags if tag["Key"] == OWNER_TAG), "")


def _create(client: "S3Client", tenant: Tenant) -> None:
    """Make the bucket and mark it in one call, so that a crash leaves none that is nobody's."""
    configuration: CreateBucketConfigurationTypeDef = {"Tags": [_owner_tag(tenant)]}
    region = get_server(tenant.s3).region
    if region != _NAMELESS_REGION:
        configuration["LocationConstraint"] = region  # type: ignore[typeddict-item] # any region's name
    try:
        client.create_bucket(Bucket=tenant.bucket, CreateBucketConfiguration=configuration)
    except ClientError as error:
        if error_code(error) == "BucketAlreadyExists":
            raise _taken() from error
        # Made in the meantime, perhaps by this very call's first attempt: its tag tells.
        if error_code(error) != "BucketAlreadyOwnedByYou":
            raise


def _owner_tag(tenant: Tenant) -> "TagTypeDef":
    return {"Key": OWNER_TAG, "Value": str(tenant.id)}


def _taken() -> PermanentError:
    return PermanentError("A bucket with this name exists already and is not this tenant's.")


def _empty(client: "S3Client", bucket: str) -> None:
    """Delete unfinished uploads, and each object in all its versions."""
    try:
        for uploads in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in uploads.get("Uploads", ()):
                client.abort_multipart_upload(
                    Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        # Some servers list the last object of a page again on the next: deleting twice is harmless.
        pages = client.get_paginator("list_object_versions").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": _PAGE_KEYS}
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
        raise TransientError("The storage server did not delete all objects of the bucket.")


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
