"""A tenant's bucket, as one of the parts that it consists of."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_noop

from plexica.core.errors import PermanentError
from plexica.storage.buckets import (
    OWNER_TAG,
    PLATFORM_TAG,
    BucketTaken,
    ensure_bucket,
    read_tags,
    remove_bucket,
)
from plexica.storage.clients import get_client
from plexica.storage.errors import mapped_errors
from plexica.storage.policy import bucket_digest, differences, mend_settings
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import Difference, Finding, Part
from tenants.states import UNFINISHED_RUN_STATES, WHOLE_STATES, TenantState

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_PAGE_BUCKETS = 1000


class BucketPart(Part):
    """The bucket, its marks, and that it is closed to the public."""

    name: ClassVar[str] = "bucket"
    label: ClassVar[str] = gettext_noop("Storage bucket")
    digest_field: ClassVar[str] = "bucket_digest"

    def present_digest(self) -> str:
        """Return the digest of what a bucket should be."""
        return bucket_digest()

    def upgrade(self, tenant: Tenant) -> None:
        """Make the bucket as it should be.

        Raises:
            TransientError: The server does not answer, or fails.
            PermanentError: There is no bucket, or it is somebody else's.
        """
        with mapped_errors("upgrading the storage bucket"):
            client = get_client(tenant.s3)
            if read_tags(client, tenant.bucket) is None:
                raise PermanentError(
                    gettext_noop("The storage bucket is not there. Repair the tenant first.")
                )
            # It tells whose it is, and makes nothing.
            ensure_bucket(client, tenant)
            mend_settings(client, tenant)

    def inspect(self, tenant: Tenant) -> list[Finding]:
        """Compare the bucket with what it should be."""
        with mapped_errors("reading the storage bucket"):
            return list(self._inspect(get_client(tenant.s3), tenant))

    def _inspect(self, client: "S3Client", tenant: Tenant) -> Iterator[Finding]:
        bucket = f"bucket {tenant.bucket}"
        try:
            tags = read_tags(client, tenant.bucket)
        except BucketTaken:
            tags = {}
        if tags is None:
            yield Finding(
                self.name,
                Difference.MISSING,
                bucket,
                "It is not there, and its objects are lost with it. A repair makes a new one,"
                " which is empty.",
            )
        elif tags.get(OWNER_TAG) != str(tenant.id):
            yield Finding(
                self.name,
                Difference.DIFFERENT,
                bucket,
                "A bucket of this name is there without this tenant's mark. If it is the"
                f" tenant's, give it the tag {OWNER_TAG}={tenant.id}.",
                can_repair=False,
            )
        else:
            for setting, words in differences(client, tenant):
                yield Finding(self.name, Difference.DIFFERENT, setting.what, words)

    def repair(self, tenant: Tenant, findings: Iterable[Finding]) -> None:
        """Make what is missing, empty, and mend what differs."""
        names = {finding.what for finding in findings if finding.can_repair}
        with mapped_errors("repairing the storage bucket"):
            client = get_client(tenant.s3)
            if f"bucket {tenant.bucket}" in names:
                ensure_bucket(client, tenant)
                mend_settings(client, tenant)
            elif names:
                # It tells whose it is.
                ensure_bucket(client, tenant)
                mend_settings(client, tenant, names)

    def find_orphans(self) -> list[Finding]:
        """Return the buckets with this platform's marks that are no tenant's."""
        found = []
        with mapped_errors("listing the storage buckets"):
            for server in settings.S3_SERVERS:
                client = get_client(server)
                found += [
                    Finding(
                        self.name,
                        Difference.ORPHANED,
                        f"bucket {bucket} on {server}",
                        "It bears the mark of this platform, and of no tenant that should have it.",
                    )
                    for bucket in _our_buckets(client)
                    if _is_orphan(client, bucket)
                ]
        return found

    def remove_orphan(self, finding: Finding) -> None:
        """Delete such a bucket with all that is in it, unless it has become a tenant's.

        Raises:
            PermanentError: It has, or it is not this platform's.
        """
        _kind, bucket, _on, server = finding.what.split(" ")
        with mapped_errors("deleting an orphaned storage bucket"):
            client = get_client(server)
            if read_tags(client, bucket) is None:
                return
            if not _is_orphan(client, bucket):
                raise PermanentError(
                    gettext_noop("The bucket is a tenant's, or not this platform's.")
                )
            remove_bucket(client, bucket)


def _our_buckets(client: "S3Client") -> Iterator[str]:
    """Yield the buckets whose names are such as Plexica gives."""
    prefix = f"{settings.PLEXICA_BUCKET_PREFIX}-"
    pages = client.get_paginator("list_buckets").paginate(
        Prefix=prefix, PaginationConfig={"PageSize": _PAGE_BUCKETS}
    )
    for page in pages:
        for bucket in page.get("Buckets", []):
            if bucket["Name"].startswith(prefix):
                yield bucket["Name"]


def _is_orphan(client: "S3Client", bucket: str) -> bool:
    """Return whether a bucket has this platform's marks, and no tenant that should have it."""
    try:
        tags = read_tags(client, bucket) or {}
    except BucketTaken:
        return False
    if tags.get(PLATFORM_TAG) != settings.PLEXICA_CONSOLE_URL:
        return False
    try:
        tenant_id = UUID(tags.get(OWNER_TAG, ""))
    except ValueError:
        return False
    keeps = (*WHOLE_STATES, TenantState.PROVISIONING)
    is_kept = Tenant.objects.filter(pk=tenant_id, bucket=bucket, state__in=keeps).exists()
    is_worked_on = ProvisioningRun.objects.filter(
        tenant_id=tenant_id, state__in=UNFINISHED_RUN_STATES
    ).exists()
    return not is_kept and not is_worked_on
