"""The provisioning step that makes a tenant's bucket."""

from typing import ClassVar

import structlog
from django.utils.translation import gettext_noop

from plexica.storage.buckets import OWNER_TAG, ensure_bucket, read_tags, remove_bucket
from plexica.storage.clients import get_client
from plexica.storage.errors import mapped_errors
from plexica.storage.policy import bucket_digest, mend_settings
from tenants.lifecycle import note_digest
from tenants.models import Tenant
from tenants.provisioning.step import Step

logger = structlog.get_logger(__name__)


class Bucket(Step):
    """The bucket, which bears the tenant's id as a tag from the moment that it exists.

    The tag says whose the bucket is: one without it, or with another's, is neither used nor
    touched, whatever its name. Nothing is public, and browsers get to objects by signed addresses
    only (`plexica.storage.policy`).
    """

    name: ClassVar[str] = "bucket"
    label: ClassVar[str] = gettext_noop("Storage bucket")

    def do(self, tenant: Tenant) -> None:
        """Make the bucket, unless it is there and this tenant's, and close it to the public.

        Raises:
            TransientError: The server does not answer, or fails.
            PermanentError: The name is taken by something else, or the server refuses.
        """
        with mapped_errors("making the storage bucket"):
            client = get_client(tenant.s3)
            ensure_bucket(client, tenant)
            mend_settings(client, tenant)
        note_digest(tenant=tenant, field="bucket_digest", digest=bucket_digest())

    def undo(self, tenant: Tenant) -> None:
        """Delete the bucket with all that is in it, if it is this tenant's.

        Raises:
            TransientError: The server does not answer, fails, or somebody still writes.
            PermanentError: The server refuses.
        """
        with mapped_errors("deleting the storage bucket"):
            client = get_client(tenant.s3)
            tags = read_tags(client, tenant.bucket)
            if tags is not None:
                if tags.get(OWNER_TAG) == str(tenant.id):
                    remove_bucket(client, tenant.bucket)
                else:
                    logger.warning("bucket_left_alone", bucket=tenant.bucket)
        note_digest(tenant=tenant, field="bucket_digest", digest="")
