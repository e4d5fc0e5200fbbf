"""The bucket step against a real S3 server: repeatable, and never at another's bucket."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from plexica.core.errors import PermanentError, TransientError
from plexica.storage import buckets
from plexica.storage.buckets import OWNER_TAG, expected_tags, read_tags
from plexica.storage.clients import get_client
from plexica.storage.errors import error_code
from plexica.storage.health import check_storage
from plexica.storage.provisioning import Bucket
from plexica.storage.selectors import Usage, get_usage
from tenants.models import Tenant

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@pytest.fixture
def client() -> "S3Client":
    return get_client("default")


@pytest.fixture
def tenant(client: "S3Client") -> Iterator[Tenant]:
    """A tenant that needs no row: the step reads its names only."""
    name = f"zz-{uuid.uuid4().hex[:16]}"
    tenant = Tenant(slug=name, bucket=name)
    yield tenant
    if _exists(client, name):
        client.delete_bucket_tagging(Bucket=name)
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [_tag(str(tenant.id))]})
        Bucket().undo(tenant)


def _tag(value: str) -> dict[str, str]:
    return {"Key": OWNER_TAG, "Value": value}


def _exists(client: "S3Client", bucket: str) -> bool:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error_code(error) != "404":
            raise
        return False
    return True


def test_do_twice_and_undo_twice(client: "S3Client", tenant: Tenant) -> None:
    Bucket().undo(tenant)
    Bucket().do(tenant)
    client.put_object(Bucket=tenant.bucket, Key="kept.txt", Body=b"kept")
    Bucket().do(tenant)
    assert read_tags(client, tenant.bucket) == expected_tags(tenant.id)
    assert get_usage(tenant=tenant) == Usage(objects=1, bytes=4, is_complete=True)
    Bucket().undo(tenant)
    assert not _exists(client, tenant.bucket)
    Bucket().undo(tenant)


def test_the_bucket_is_not_public(client: "S3Client", tenant: Tenant) -> None:
    Bucket().do(tenant)
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        client.get_bucket_policy(Bucket=tenant.bucket)


def test_undo_takes_objects_and_unfinished_uploads(client: "S3Client", tenant: Tenant) -> None:
    Bucket().do(tenant)
    for number in range(3):
        client.put_object(Bucket=tenant.bucket, Key=f"a/b/{number} ä+&<>.txt", Body=b"x")
    client.put_object(Bucket=tenant.bucket, Key="empty/", Body=b"")
    upload = client.create_multipart_upload(Bucket=tenant.bucket, Key="big")
    client.upload_part(
        Bucket=tenant.bucket, Key="big", PartNumber=1, UploadId=upload["UploadId"], Body=b"part"
    )
    Bucket().undo(tenant)
    assert not _exists(client, tenant.bucket)


def test_undo_takes_more_objects_than_one_page(
    client: "S3Client", tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    Bucket().do(tenant)
    for number in range(7):
        client.put_object(Bucket=tenant.bucket, Key=f"{number}", Body=b"x")
    monkeypatch.setattr("plexica.storage.selectors.PAGE_OBJECTS", 2)
    monkeypatch.setattr("plexica.storage.selectors.MAX_PAGES", 2)
    assert get_usage(tenant=tenant) == Usage(objects=4, bytes=4, is_complete=False)
    monkeypatch.setattr(buckets, "_PAGE_KEYS", 2)
    monkeypatch.setattr(buckets, "_EMPTYING_ROUNDS", 1)
    Bucket().undo(tenant)
    assert not _exists(client, tenant.bucket)


@pytest.mark.parametrize("owner", [None, str(uuid.uuid4())], ids=["untagged", "another's"])
def test_another_bucket_is_neither_used_nor_touched(
    client: "S3Client", tenant: Tenant, owner: str | None
) -> None:
    client.create_bucket(Bucket=tenant.bucket)
    if owner:
        client.put_bucket_tagging(Bucket=tenant.bucket, Tagging={"TagSet": [_tag(owner)]})
    client.put_object(Bucket=tenant.bucket, Key="theirs.txt", Body=b"theirs")
    with pytest.raises(PermanentError, match="not this tenant's"):
        Bucket().do(tenant)
    Bucket().undo(tenant)
    body = client.get_object(Bucket=tenant.bucket, Key="theirs.txt")["Body"].read()
    assert body == b"theirs"


def test_a_bucket_that_was_made_but_not_marked_is_marked(
    client: "S3Client", tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for a server that takes no tags when it makes a bucket."""

    def create_without_tags(client: "S3Client", tenant: Tenant) -> None:
        client.create_bucket(Bucket=tenant.bucket)

    monkeypatch.setattr(buckets, "_create", create_without_tags)
    Bucket().do(tenant)
    assert read_tags(client, tenant.bucket) == expected_tags(tenant.id)


def test_a_server_that_is_away_is_transient(tenant: Tenant, settings: Settings) -> None:
    server = django_settings.S3_SERVERS["default"]
    settings.S3_SERVERS = {"default": replace(server, endpoint_url="http://127.0.0.1:1")}
    for call in (Bucket().do, Bucket().undo):
        with pytest.raises(TransientError, match="did not answer") as raised:
            call(tenant)
        assert "127.0.0.1" not in str(raised.value)
    with pytest.raises(TransientError):
        check_storage()


def test_a_wrong_key_is_permanent(tenant: Tenant, settings: Settings) -> None:
    server = django_settings.S3_SERVERS["default"]
    settings.S3_SERVERS = {"default": replace(server, secret_key="wrong")}
    with pytest.raises(PermanentError, match="does not allow"):
        Bucket().do(tenant)
    with pytest.raises(PermanentError):
        check_storage()


def test_usage_of_a_bucket_that_is_not_there(tenant: Tenant) -> None:
    with pytest.raises(PermanentError):
        get_usage(tenant=tenant)


def test_the_server_is_well() -> None:
    check_storage()
