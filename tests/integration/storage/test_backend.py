"""The default storage: each tenant's files in its own bucket, whatever runs beside it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from plexica.core.errors import PermanentError
from plexica.core.scope import NoScope, platform_scope
from plexica.storage.clients import get_client
from tenants.models import Tenant
from tenants.scopes import tenant_scope

NAME = "notes/hello ä.txt"


@pytest.fixture(autouse=True)
def _clean(acme: Tenant, globex: Tenant) -> Iterator[None]:
    yield
    for tenant in (acme, globex):
        client = get_client(tenant.s3)
        for item in client.list_objects_v2(Bucket=tenant.bucket).get("Contents", []):
            client.delete_object(Bucket=tenant.bucket, Key=item["Key"])


def test_a_file_of_one_tenant_is_unknown_to_the_next(acme: Tenant, globex: Tenant) -> None:
    with tenant_scope(acme):
        assert default_storage.save(NAME, ContentFile(b"acme's")) == NAME
        assert default_storage.exists(NAME)
    with tenant_scope(globex):
        assert not default_storage.exists(NAME)
        with pytest.raises(FileNotFoundError):
            default_storage.open(NAME)
        default_storage.save(NAME, ContentFile(b"globex's"))
        default_storage.delete(NAME)
        assert default_storage.listdir("notes") == ([], [])
    with tenant_scope(acme):
        with default_storage.open(NAME) as file:
            assert file.read() == b"acme's"
        assert default_storage.size(NAME) == len(b"acme's")
        assert default_storage.listdir("notes") == ([], ["hello ä.txt"])
        default_storage.delete(NAME)
        assert not default_storage.exists(NAME)


def test_a_name_that_is_taken_is_not_overwritten(acme: Tenant) -> None:
    with tenant_scope(acme):
        first = default_storage.save(NAME, ContentFile(b"1"))
        second = default_storage.save(NAME, ContentFile(b"2"))
        assert first != second
        with default_storage.open(first) as file:
            assert file.read() == b"1"


def test_a_file_is_written_in_pieces(acme: Tenant) -> None:
    with tenant_scope(acme):
        with default_storage.open("big.bin", "wb") as file:
            for _ in range(3):
                file.write(b"x" * 5_000_000)
        assert default_storage.size("big.bin") == 15_000_000


def test_an_open_file_stays_with_its_tenant(acme: Tenant, globex: Tenant) -> None:
    with tenant_scope(acme):
        default_storage.save(NAME, ContentFile(b"acme's"))
        file = default_storage.open(NAME)
    with tenant_scope(globex):
        default_storage.save(NAME, ContentFile(b"globex's"))
        assert file.read() == b"acme's"


def test_a_signed_address_opens_one_object_for_a_while(acme: Tenant) -> None:
    with tenant_scope(acme):
        default_storage.save(NAME, ContentFile(b"acme's"))
        address = default_storage.url(NAME)
    assert f"/{acme.bucket}/notes/" in address
    assert "X-Amz-Expires=300" in address
    assert requests.get(address, timeout=5).content == b"acme's"
    assert requests.get(address.split("?")[0], timeout=5).status_code == 403
    other = address.replace("hello", "other")
    assert requests.get(other, timeout=5).status_code == 403


def test_threads_of_two_tenants_do_not_mix(acme: Tenant, globex: Tenant) -> None:
    def write(job: tuple[Tenant, int]) -> tuple[str, bytes]:
        tenant, number = job
        text = f"{tenant.slug} {number}".encode()
        try:
            with tenant_scope(tenant):
                default_storage.save(f"many/{number}", ContentFile(text))
                with default_storage.open(f"many/{number}") as file:
                    return tenant.slug, file.read()
        finally:
            connection.close()

    jobs = [(tenant, number) for number in range(20) for tenant in (acme, globex)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(write, jobs))
    assert results == [(tenant.slug, f"{tenant.slug} {number}".encode()) for tenant, number in jobs]


@pytest.mark.parametrize("name", ["../escape.txt", "/etc/passwd", "a/../../b"])
def test_names_stay_inside_the_bucket(acme: Tenant, name: str) -> None:
    with tenant_scope(acme):
        try:
            saved = default_storage.save(name, ContentFile(b"x"))
        except SuspiciousOperation:
            return
        assert ".." not in saved


def test_the_platform_has_no_bucket() -> None:
    with platform_scope(), pytest.raises(NoScope):
        default_storage.exists(NAME)


def test_a_bucket_that_is_gone_is_told_in_words(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Tenant(slug="gone", bucket="zz-not-there")
    monkeypatch.setattr("plexica.storage.backend._current_tenant", lambda: gone)
    with tenant_scope(acme), pytest.raises(PermanentError, match="saving a file"):
        default_storage.save(NAME, ContentFile(b"x"))
