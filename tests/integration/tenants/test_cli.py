"""`manage.py tenant`, on the real servers; no worker runs, so runs are worked on here."""

import uuid
from collections.abc import Iterator

import pytest
from django.db.models import QuerySet

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM, operator
from plexica.core.errors import PermanentError
from plexica.identity.access import Access
from plexica.rbac.provisioning import Owner
from plexica.storage.buckets import expected_tags, write_tags
from plexica.storage.clients import get_client
from plexica.storage.provisioning import Bucket
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.services import create_tenant
from tests.commands import Tell, teller
from tests.conftest import Servers
from tests.integration.conftest import provisioned, remove
from tests.integration.faults.leftovers import bucket_exists

OWNER = "ada@acme.example"


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Run the command as a shell would."""
    return teller("tenant", capsys)


@pytest.fixture
def slug() -> Iterator[str]:
    """A slug of the test's own; nothing is left of it."""
    name = f"c{uuid.uuid4().hex[:12]}"
    yield name
    for tenant in Tenant.objects.filter(slug=name):
        remove(tenant)


@pytest.fixture(scope="module")
def whole(platform: Servers) -> Iterator[Tenant]:
    with provisioned("cli-whole", OWNER) as tenant:
        yield tenant


def runs_of(slug: str) -> QuerySet[ProvisioningRun]:
    return ProvisioningRun.objects.filter(tenant__slug=slug)


def state_of(slug: str) -> str:
    return str(Tenant.objects.get(slug=slug).state)


def test_a_tenants_whole_life(tell: Tell, slug: str) -> None:
    made = tell("create", slug, "--name", "Acme Rockets", "--owner", OWNER, "--here")
    assert (made.code, state_of(slug)) == (0, "ACTIVE"), made
    assert f"{slug} is active at http://{slug}.localhost" in made.out
    assert "Login realm: Done" in made.out

    listed = tell("list", "--search", slug)
    assert listed.code == 0
    assert slug in listed.out
    assert OWNER in listed.out
    shown = tell("show", slug)
    assert "Acme Rockets" in shown.out
    assert "Creation" in shown.out
    assert "are at the present one" in shown.out

    for words, state in (
        (("suspend", slug), "SUSPENDED"),
        (("resume", slug), "ACTIVE"),
        (("delete", slug, "--confirm", slug, "--grace-days", "7"), "DELETING"),
        (("restore", slug), "ACTIVE"),
        (("delete", slug, "--confirm", slug, "--grace-days", "0"), "DELETED"),
    ):
        said = tell(*words, "--here")
        assert (said.code, state_of(slug)) == (0, state), said
    assert tell("create", slug, "--owner", OWNER).code == 4
    assert tell("free", slug).code == 0
    assert not Tenant.objects.filter(slug=slug).exists()
    who = set(
        AuditEntry.objects.filter(
            target=f"tenant:{slug}", action__endswith="_requested"
        ).values_list("actor_name", flat=True)
    )
    assert who == {operator().name}


def test_json_is_one_document_and_nothing_else(tell: Tell, slug: str) -> None:
    made = tell("create", slug, "--owner", OWNER, "--here", "--json").document
    assert (made["tenant"]["state"], made["run"]["state"]) == ("ACTIVE", "SUCCEEDED")
    listed = tell("list", "--search", slug, "--json").document
    assert (listed["count"], listed["results"][0]["slug"]) == (1, slug)
    shown = tell("show", slug, "--json").document
    assert [run["kind"] for run in shown["runs"]] == ["create"]
    compared = tell("reconcile", slug, "--json").document
    assert (compared["is_clean"], compared["tenants"][0]["slug"]) == (True, slug)
    assert tell("upgrade", slug, "--json").document["is_complete"] is True
    refused = tell("resume", slug, "--json")
    assert (refused.code, refused.document["error"]["code"]) == (4, "forbidden-transition")


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("show", "nobody"), 3, "There is no tenant"),
        (("suspend", "nobody"), 3, "There is no tenant"),
        (("upgrade", "nobody"), 3, "nobody"),
        (("reconcile", "nobody"), 3, "nobody"),
        (("create", "Not A Slug", "--owner", OWNER), 2, "slug: "),
        (("create", "fine-slug", "--owner", "nobody"), 2, "owner_email: "),
        (("delete", "cli-whole", "--confirm", "cli-whole", "--grace-days", "900"), 2, "365"),
        (("reconcile", "cli-whole", "--remove-orphans"), 2, "--remove-orphans"),
        (("reconcile", "cli-whole", "--orphans"), 2, "--orphans"),
        (("reconcile", "cli-whole", "--all"), 2, "--all"),
        (("upgrade", "cli-whole", "nobody"), 3, "“nobody”"),
        (("delete", "cli-whole"), 4, "--confirm cli-whole"),
        (("delete", "cli-whole", "--confirm", "cli", "--dry-run"), 4, "--confirm cli-whole"),
        (("delete", "cli-whole", "--confirm", "cli"), 4, "--confirm cli-whole"),
        (("resume", "cli-whole"), 4, "suspended"),
        (("restore", "cli-whole"), 4, "being deleted"),
        (("free", "cli-whole"), 4, "deleted"),
        (("retry", "cli-whole"), 4, "failed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.usefixtures("whole")
def test_refusal_has_its_code_and_its_reason(
    tell: Tell, words: tuple[str, ...], code: int, reason: str
) -> None:
    said = tell(*words)
    assert (said.code, said.out) == (code, "")
    assert reason in said.err
    assert state_of("cli-whole") == "ACTIVE"


@pytest.mark.parametrize(
    "words",
    [
        ("suspend", "cli-whole"),
        ("delete", "cli-whole", "--grace-days", "0"),
        ("create", "never-made", "--owner", OWNER),
    ],
    ids=" ".join,
)
def test_dry_run_changes_nothing(tell: Tell, whole: Tenant, words: tuple[str, ...]) -> None:
    before = Tenant.objects.values().get(pk=whole.pk), AuditEntry.objects.count()
    said = tell(*words, "--dry-run", "--json")
    assert said.code == 0
    assert said.document["steps"]
    assert (Tenant.objects.values().get(pk=whole.pk), AuditEntry.objects.count()) == before
    assert not Tenant.objects.filter(slug="never-made").exists()


def test_dry_run_refuses_what_would_be_refused(tell: Tell, whole: Tenant) -> None:
    assert tell("resume", whole.slug, "--dry-run").code == 4
    assert tell("create", whole.slug, "--owner", OWNER, "--dry-run").code == 4


def test_who_waits_for_nobody_is_told_so(tell: Tell, slug: str) -> None:
    said = tell("create", slug, "--owner", OWNER, "--timeout", "1")
    assert (said.code, state_of(slug)) == (5, "PROVISIONING")
    assert "still under way" in said.err
    run_provisioning(runs_of(slug).get().id)
    said = tell("suspend", slug, "--no-wait")
    assert (said.code, state_of(slug)) == (0, "SUSPENDED")
    assert runs_of(slug).filter(kind="suspend", finished_at=None).exists()
    assert tell("resume", slug).code == 4
    run_provisioning(runs_of(slug).get(kind="suspend").id)


def test_run_that_fails_can_be_tried_again(
    tell: Tell, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_provisioning(create_tenant(slug=slug, name=slug, owner_email=OWNER, actor=SYSTEM).id)

    def refuse(_self: Access, _tenant: Tenant) -> None:
        raise PermanentError("The realm is on fire.")

    with monkeypatch.context() as patch:
        patch.setattr(Access, "do", refuse)
        said = tell("suspend", slug, "--here")
    assert said.code == 1
    assert "The realm is on fire." in said.err
    assert f"tenant retry {slug}`" in said.err
    said = tell("retry", slug, "--here")
    assert (said.code, state_of(slug)) == (0, "SUSPENDED")


def test_what_could_not_be_taken_back_can_be_later(
    tell: Tell, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: object, _tenant: Tenant) -> None:
        raise PermanentError("The bucket is on fire.")

    with monkeypatch.context() as patch:
        patch.setattr(Owner, "do", refuse)
        patch.setattr(Bucket, "undo", refuse)
        said = tell("create", slug, "--owner", OWNER, "--here")
    assert (said.code, state_of(slug)) == (1, "FAILED")
    rehearsed = tell("retry", slug, "--rollback", "--dry-run", "--json").document
    assert rehearsed["steps"] == ["bucket"]
    said = tell("retry", slug, "--rollback", "--here")
    assert said.code == 0
    assert f"Everything that was left of {slug} was taken back." in said.out
    said = tell("upgrade", slug)
    assert said.code == 1
    assert f"{slug}: left out." in said.out


def test_only_what_is_no_tenants_is_compared_on_request(tell: Tell, whole: Tenant) -> None:
    client, orphan = get_client("default"), f"{whole.bucket}-orphan"
    client.create_bucket(Bucket=orphan)
    write_tags(client, orphan, expected_tags(uuid.uuid4()))
    try:
        found = tell("reconcile", "--orphans", "--part", "bucket", "--json")
        assert (found.code, found.document["tenants"]) == (1, [])
        assert orphan in found.out
        words = ("reconcile", "--orphans", "--part", "bucket", "--remove-orphans")
        assert tell(*words).code == 0
        assert tell("reconcile", "--orphans", "--part", "bucket").code == 0
    finally:
        if bucket_exists(orphan):
            client.delete_bucket(Bucket=orphan)


def test_what_differs_is_told_and_mended(tell: Tell, whole: Tenant) -> None:
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    get_client("default").put_bucket_cors(
        Bucket=whole.bucket,
        CORSConfiguration={"CORSRules": [rule]},  # type: ignore[list-item]
    )
    found = tell("reconcile", whole.slug)
    assert found.code == 1
    assert "bucket: different: " in found.out
    said = tell("reconcile", whole.slug, "--repair", "--dry-run")
    assert said.code == 1
    assert "would be mended" in said.out
    mended = tell("reconcile", whole.slug, "--repair")
    assert mended.code == 0
    assert "Mended." in mended.out
    assert tell("reconcile", whole.slug).code == 0


def test_tenant_that_is_left_out_of_a_comparison_is_named(tell: Tell, slug: str) -> None:
    create_tenant(slug=slug, name=slug, owner_email=OWNER, actor=SYSTEM)
    said = tell("reconcile", slug)
    assert said.code == 1
    assert f"{slug}: left out." in said.out


def test_who_is_behind_is_told_and_brought_up(tell: Tell, whole: Tenant) -> None:
    Tenant.objects.filter(pk=whole.pk).update(bucket_digest="old")
    said = tell("upgrade", whole.slug, "--dry-run")
    assert (said.code, "bucket" in said.out) == (1, True)
    assert whole.slug in tell("list", "--behind").out
    said = tell("upgrade", whole.slug)
    assert said.code == 0
    assert f"{whole.slug}: upgraded" in said.out
    assert tell("upgrade", whole.slug, "--dry-run").code == 0


def test_upgrade_that_leaves_somebody_behind_fails(
    tell: Tell, whole: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plexica.storage.part import BucketPart  # noqa: PLC0415 (to be patched)

    def refuse(_self: BucketPart, _tenant: Tenant) -> None:
        raise PermanentError("The bucket is on fire.")

    Tenant.objects.filter(pk=whole.pk).update(bucket_digest="old")
    with monkeypatch.context() as patch:
        patch.setattr(BucketPart, "upgrade", refuse)
        said = tell("upgrade", whole.slug)
    assert (said.code, "The bucket is on fire." in said.out) == (1, True)
    assert tell("upgrade", whole.slug).code == 0
