"""Buckets compared with what they should be, mended, and orphans found; strangers' left alone."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from plexica.core.errors import PermanentError
from plexica.core.fence import fenced
from plexica.storage.buckets import OWNER_TAG, PLATFORM_TAG, expected_tags, read_tags, write_tags
from plexica.storage.clients import get_client
from plexica.storage.part import BucketPart
from plexica.storage.policy import bucket_digest
from plexica.storage.provisioning import Bucket
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import Difference
from tests.integration.conftest import MakeRun

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PART = BucketPart()


@pytest.fixture
def client() -> "S3Client":
    return get_client("default")


@pytest.fixture
def tenant(make_run: MakeRun) -> Iterator[Tenant]:
    """An ACTIVE tenant of which only the bucket is there."""
    run = make_run(f"zz-{uuid.uuid4().hex[:12]}")
    Bucket().do(run.tenant)
    ProvisioningRun.objects.filter(pk=run.pk).update(state="SUCCEEDED")
    Tenant.objects.filter(pk=run.tenant_id).update(state="ACTIVE")
    found: Tenant = Tenant.objects.get(pk=run.tenant_id)
    yield found
    client = get_client("default")
    if read_tags(client, found.bucket) is not None:
        write_tags(client, found.bucket, expected_tags(found.id))


def _open_to_everybody(client: "S3Client", bucket: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def _name_everybody(client: "S3Client", bucket: str) -> None:
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    client.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)  # type: ignore[arg-type]
    client.put_bucket_acl(Bucket=bucket, ACL="public-read")


def _allow_other_sites(client: "S3Client", bucket: str) -> None:
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})  # type: ignore[list-item]


def _forget_platform(client: "S3Client", bucket: str) -> None:
    tags = read_tags(client, bucket) or {}
    write_tags(client, bucket, {OWNER_TAG: tags[OWNER_TAG], "cost-centre": "7"})


def test_a_fresh_bucket_is_as_it_should_be(tenant: Tenant) -> None:
    assert PART.inspect(tenant) == []
    assert tenant.bucket_digest == PART.present_digest() == bucket_digest()


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_open_to_everybody, "policy"),
        (_allow_other_sites, "CORS rules"),
        (_name_everybody, "access list"),
        (_forget_platform, "tags"),
    ],
)
@pytest.mark.parametrize("mend", ["repair", "upgrade"])
def test_what_differs_is_named_and_mended(
    client: "S3Client",
    tenant: Tenant,
    spoil: Callable[["S3Client", str], None],
    what: str,
    mend: str,
) -> None:
    client.put_object(Bucket=tenant.bucket, Key="kept.txt", Body=b"kept")
    spoil(client, tenant.bucket)
    [finding] = PART.inspect(tenant)
    assert (finding.what, finding.difference) == (what, Difference.DIFFERENT)
    if mend == "repair":
        PART.repair(tenant, [finding])
    else:
        PART.upgrade(tenant)
    assert PART.inspect(tenant) == []
    assert client.get_object(Bucket=tenant.bucket, Key="kept.txt")["Body"].read() == b"kept"


def test_others_tags_stay(client: "S3Client", tenant: Tenant) -> None:
    _forget_platform(client, tenant.bucket)
    PART.upgrade(tenant)
    assert (read_tags(client, tenant.bucket) or {})["cost-centre"] == "7"


def test_a_bucket_that_is_gone_is_made_anew_on_request_only(
    client: "S3Client", tenant: Tenant
) -> None:
    client.delete_bucket(Bucket=tenant.bucket)
    [finding] = PART.inspect(tenant)
    assert finding.difference == Difference.MISSING
    with pytest.raises(PermanentError, match="not there"):
        PART.upgrade(tenant)
    PART.repair(tenant, [finding])
    assert PART.inspect(tenant) == []


def test_a_strangers_bucket_under_the_name_is_left_alone(
    client: "S3Client", tenant: Tenant
) -> None:
    write_tags(client, tenant.bucket, {OWNER_TAG: str(uuid.uuid4())})
    [finding] = PART.inspect(tenant)
    assert not finding.can_repair
    PART.repair(tenant, [finding])
    with pytest.raises(PermanentError, match="not this tenant's"):
        PART.upgrade(tenant)
    assert PLATFORM_TAG not in (read_tags(client, tenant.bucket) or {})


@pytest.mark.parametrize("state", ["FAILED", "DELETED", None])
def test_a_bucket_that_is_no_tenants_is_found_and_removed(
    client: "S3Client", tenant: Tenant, state: str | None
) -> None:
    what = f"bucket {tenant.bucket} on default"
    assert what not in {finding.what for finding in PART.find_orphans()}
    client.put_object(Bucket=tenant.bucket, Key="left.txt", Body=b"left")
    if state:
        Tenant.objects.filter(pk=tenant.pk).update(state=state)
    else:
        write_tags(client, tenant.bucket, expected_tags(tenant.id) | {OWNER_TAG: str(uuid.uuid4())})
    [finding] = [found for found in PART.find_orphans() if found.what == what]
    PART.remove_orphan(finding)
    PART.remove_orphan(finding)
    assert read_tags(client, tenant.bucket) is None


def test_what_is_somebodys_work_or_not_ours_is_no_orphan(
    client: "S3Client", tenant: Tenant
) -> None:
    what = f"bucket {tenant.bucket} on default"
    Tenant.objects.filter(pk=tenant.pk).update(state="FAILED")
    [finding] = [found for found in PART.find_orphans() if found.what == what]
    tenant.runs.update(state="RUNNING")
    assert what not in {found.what for found in PART.find_orphans()}
    with pytest.raises(PermanentError):
        PART.remove_orphan(finding)
    tenant.runs.update(state="ROLLED_BACK")
    for tags in (
        {},
        {OWNER_TAG: str(uuid.uuid4())},
        {OWNER_TAG: "nonsense", PLATFORM_TAG: expected_tags(tenant.id)[PLATFORM_TAG]},
        {OWNER_TAG: str(uuid.uuid4()), PLATFORM_TAG: "https://another.example"},
    ):
        write_tags(client, tenant.bucket, tags)
        assert what not in {found.what for found in PART.find_orphans()}
        with pytest.raises(PermanentError):
            PART.remove_orphan(finding)
    assert read_tags(client, tenant.bucket) is not None


def test_behind_a_fence_that_is_down_nothing_leaves(client: "S3Client", tenant: Tenant) -> None:
    class Lost(Exception):
        pass

    def lost() -> None:
        raise Lost

    with fenced(lost):
        for act in (Bucket().undo, Bucket().do, PART.upgrade):
            with pytest.raises(Lost):
                act(tenant)
    assert read_tags(client, tenant.bucket) == expected_tags(tenant.id)
