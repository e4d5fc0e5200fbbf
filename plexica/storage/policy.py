"""What a tenant's bucket should be besides being there: marked, and closed to the public.

Versioning, encryption and lifecycle rules are the business of whoever runs the server: they are
neither set nor compared. A server that does not know a setting is taken as it is.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError
from django.conf import settings

from plexica.storage.buckets import expected_tags, read_tags, write_tags
from plexica.storage.errors import error_code, error_status
from tenants.models import Tenant

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.literals import ObjectOwnershipType
    from mypy_boto3_s3.type_defs import PublicAccessBlockConfigurationTypeDef

_OWNERSHIP: "ObjectOwnershipType" = "BucketOwnerEnforced"
_OWNERSHIP_WITH_ACL: "ObjectOwnershipType" = "BucketOwnerPreferred"
_BLOCK: "PublicAccessBlockConfigurationTypeDef" = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_NOT_KNOWN = frozenset({HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.METHOD_NOT_ALLOWED})
_NOT_KNOWN_CODES = frozenset({"NotImplemented", "MethodNotAllowed", "UnsupportedOperation"})


class Setting(ABC):
    """One thing that a bucket should have, or should not have.

    Attributes:
        what: Its name, for people.
        expected: What it should be, for people and for the digest.
    """

    what: ClassVar[str]
    expected: ClassVar[str]

    @abstractmethod
    def difference(self, client: "S3Client", tenant: Tenant) -> str | None:
        """Return what differs, in words, or None."""

    @abstractmethod
    def mend(self, client: "S3Client", tenant: Tenant) -> None:
        """Make it as it should be."""


class Tags(Setting):
    """The marks of tenant and platform; others belong to whoever runs the server and stay."""

    what = "tags"
    expected = "tenant and platform"

    def difference(self, client: "S3Client", tenant: Tenant) -> str | None:
        """Compare the tags; that the tenant's own is there has been made sure."""
        found = read_tags(client, tenant.bucket) or {}
        wrong = {
            key: value for key, value in expected_tags(tenant.id).items() if found.get(key) != value
        }
        if not wrong:
            return None
        return "; ".join(
            f"the tag {key} should be {value} and is {found.get(key, 'missing')}"
            for key, value in wrong.items()
        )

    def mend(self, client: "S3Client", tenant: Tenant) -> None:
        """Write them, beside the others."""
        found = read_tags(client, tenant.bucket) or {}
        write_tags(client, tenant.bucket, found | expected_tags(tenant.id))


class PublicAccessBlock(Setting):
    """The server's own refusal of everything that would make a bucket public."""

    what = "public access block"
    expected = "all four on"

    def difference(self, client: "S3Client", tenant: Tenant) -> str | None:
        """Compare the four switches."""
        try:
            answer = client.get_public_access_block(Bucket=tenant.bucket)
        except ClientError as error:
            if error_code(error) == "NoSuchPublicAccessBlockConfiguration":
                return "public access is not blocked"
            raise
        found = answer["PublicAccessBlockConfiguration"]
        off = [name for name in _BLOCK if not found.get(name)]
        return f"these are off: {', '.join(off)}" if off else None

    def mend(self, client: "S3Client", tenant: Tenant) -> None:
        """Switch all on."""
        client.put_public_access_block(Bucket=tenant.bucket, PublicAccessBlockConfiguration=_BLOCK)


class Policy(Setting):
    """No policy: who holds the server's keys gets in, and nobody else."""

    what = "policy"
    expected = "none"

    def difference(self, client: "S3Client", tenant: Tenant) -> str | None:
        """Tell whether there is one, and whether it opens the bucket to the public."""
        try:
            client.get_bucket_policy(Bucket=tenant.bucket)
        except ClientError as error:
            if error_code(error) == "NoSuchBucketPolicy":
                return None
            raise
        if self._is_public(client, tenant.bucket):
            return "there should be none, and there is one that opens the bucket to the public"
        return "there should be none, and there is one"

    def mend(self, client: "S3Client", tenant: Tenant) -> None:
        """Delete it."""
        client.delete_bucket_policy(Bucket=tenant.bucket)

    def _is_public(self, client: "S3Client", bucket: str) -> bool:
        try:
            status = client.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]
        except ClientError as error:
            if _is_not_known(error) or error_code(error) == "NoSuchBucketPolicy":
                return False
            raise
        return status.get("IsPublic", False)


class Cors(Setting):
    """No CORS rule: browsers come by signed addresses."""

    what = "CORS rules"
    expected = "none"

    def difference(self, client: "S3Client", tenant: Tenant) -> str | None:
        """Count the rules."""
        try:
            rules = client.get_bucket_cors(Bucket=tenant.bucket)["CORSRules"]
        except ClientError as error:
            if error_code(error) == "NoSuchCORSConfiguration":
                return None
            raise
        return f"there should be none, and there are {len(rules)}"

    def mend(self, client: "S3Client", tenant: Tenant) -> None:
        """Delete them."""
        client.delete_bucket_cors(Bucket=tenant.bucket)


class AccessList(Setting):
    """An access list that names the owner only, and is out of force besides."""

    what = "access list"
    expected = f"owner only, {_OWNERSHIP}"

    def difference(self, client: "S3Client", tenant: Tenant) -> str | None:
        """Compare who is named, and whether lists are out of force."""
        others = self._others(client, tenant.bucket)
        if others:
            return f"it should name the owner only, and names others: {', '.join(others)}"
        ownership = self._ownership(client, tenant.bucket)
        if ownership != _OWNERSHIP:
            return (
                f"lists should be out of force ({_OWNERSHIP}), and it is {ownership or 'not set'}"
            )
        return None

    def mend(self, client: "S3Client", tenant: Tenant) -> None:
        """Empty the list, which must be in force for that, and put it out of force."""
        if self._others(client, tenant.bucket):
            self._own(client, tenant.bucket, _OWNERSHIP_WITH_ACL)
            client.put_bucket_acl(Bucket=tenant.bucket, ACL="private")
        self._own(client, tenant.bucket, _OWNERSHIP)

    def _others(self, client: "S3Client", bucket: str) -> list[str]:
        answer = client.get_bucket_acl(Bucket=bucket)
        owner = answer["Owner"].get("ID")
        grantees = [grant.get("Grantee", {}) for grant in answer.get("Grants", [])]
        return sorted(
            {
                grantee.get("URI") or grantee.get("ID") or grantee.get("DisplayName") or "unknown"
                for grantee in grantees
                if grantee.get("ID") != owner
            }
        )

    def _ownership(self, client: "S3Client", bucket: str) -> str | None:
        try:
            rules = client.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"][
                "Rules"
            ]
        except ClientError as error:
            if error_code(error) == "OwnershipControlsNotFoundError":
                return None
            raise
        return rules[0]["ObjectOwnership"] if rules else None

    def _own(self, client: "S3Client", bucket: str, ownership: "ObjectOwnershipType") -> None:
        client.put_bucket_ownership_controls(
            Bucket=bucket,
            OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]},
        )


# The tags come first: what they say protects the rest.
SETTINGS: tuple[Setting, ...] = (Tags(), PublicAccessBlock(), Policy(), Cors(), AccessList())


def bucket_digest() -> str:
    """Return the digest of what a tenant's bucket should be, the same for all tenants."""
    expected = {setting.what: setting.expected for setting in SETTINGS}
    expected["platform"] = settings.PLEXICA_CONSOLE_URL
    return sha256(json.dumps(expected, sort_keys=True).encode()).hexdigest()


def differences(client: "S3Client", tenant: Tenant) -> Iterator[tuple[Setting, str]]:
    """Yield what of a bucket that is the tenant's is not as it should be, with words for people."""
    for setting in SETTINGS:
        with _known_settings_only():
            if words := setting.difference(client, tenant):
                yield setting, words


def mend_settings(client: "S3Client", tenant: Tenant, names: Collection[str] | None = None) -> None:
    """Make a bucket that is the tenant's as it should be; what is right already is not written.

    Args:
        client: The server's client.
        tenant: Whose bucket it is.
        names: What to mend, by `Setting.what`; all when None.
    """
    for setting, _words in list(differences(client, tenant)):
        if names is None or setting.what in names:
            with _known_settings_only():
                setting.mend(client, tenant)


@contextmanager
def _known_settings_only() -> Iterator[None]:
    """Pass over a setting that the server does not know."""
    try:
        yield
    except ClientError as error:
        if not _is_not_known(error):
            raise


def _is_not_known(error: ClientError) -> bool:
    return error_code(error) in _NOT_KNOWN_CODES or error_status(error) in _NOT_KNOWN
