"""The files of a workspace: shown, brought, given and taken away, of one tenant."""

import io
import re
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from deploy.local.control import start_part, stop_part
from plexica.audit.models import AuditEntry
from plexica.storage import files
from plexica.storage.clients import get_client
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers
from tests.integration.workspace.conftest import Member, come

HTMX = {"HX-Request": "true"}
SECRET = "_plexica/theme/logo.png"


def keys_of(tenant: Tenant) -> list[str]:
    found = get_client(tenant.s3).list_objects_v2(Bucket=tenant.bucket)
    return sorted(item["Key"] for item in found.get("Contents", []))


def put(tenant: Tenant, key: str, content: bytes = b"content") -> None:
    get_client(tenant.s3).put_object(Bucket=tenant.bucket, Key=key, Body=content)


def sent(name: str, content: bytes = b"content") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def upload(client: Client, *given: Any, **values: Any) -> Any:
    return client.post("/files/upload/", {"upload": list(given), **values})


def last_entry(tenant: Tenant) -> AuditEntry:
    with tenant_scope(tenant):
        return AuditEntry.objects.filter(action__startswith="file.")[0]


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.fixture(autouse=True)
def _clean(acme: Tenant, globex: Tenant) -> Iterator[None]:
    yield
    for tenant in (acme, globex):
        # Deepest first: some servers keep files in directories.
        for key in reversed(keys_of(tenant)):
            get_client(tenant.s3).delete_object(Bucket=tenant.bucket, Key=key)


class TestBrowse:
    def test_folder_by_folder(self, ada: Member) -> None:
        for key in ("top.txt", "reports/2026/märz & co.txt", "reports/readme.txt", SECRET):
            put(ada.tenant, key)
        top = ada.client.get("/files/").content.decode()
        assert "top.txt" in top
        assert "?folder=reports" in top
        assert "readme.txt" not in top
        assert "_plexica" not in top
        below = ada.client.get("/files/", {"folder": "reports/2026"}).content.decode()
        assert "märz &amp; co.txt" in below
        assert "7\xa0bytes" in below
        assert 'href="/files/?folder=reports"' in below

    def test_page_by_page(self, ada: Member, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "PAGE_SIZE", 3)
        names = [f"file-{number}.txt" for number in range(7)]
        for name in names:
            put(ada.tenant, f"many/{name}")
        seen: list[str] = []
        address = "/files/?folder=many"
        while address:
            page = ada.client.get(address).content.decode()
            seen += re.findall(r'class="file-name">(file-[^<]+)<', page)
            match = re.search(r'rel="next" href="([^"]+)"', page)
            address = "/files/" + match[1].replace("&amp;", "&") if match else ""
        assert seen == names

    @pytest.mark.parametrize(
        "folder", ["_plexica", "_plexica/theme", "_PLEXICA", "a/../_plexica", "..", "a//b", "a\0b"]
    )
    def test_what_is_not_to_be_seen(self, ada: Member, folder: str) -> None:
        put(ada.tenant, SECRET)
        answer = ada.client.get("/files/", {"folder": folder})
        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_a_storage_that_is_down(self, ada: Member, servers: Servers) -> None:
        stop_part(servers.instance, "s3")
        try:
            page = ada.client.get("/files/")
            failed = upload(ada.client, sent("a.txt"))
            gone = ada.client.get("/files/open/", {"key": "a.txt"}, follow=True)
        finally:
            start_part(servers.instance, "s3")
        assert page.status_code == HTTPStatus.OK
        assert "The storage does not answer now" in page.content.decode()
        assert "The storage does not answer now." in failed.content.decode()
        assert gone.status_code == HTTPStatus.SERVICE_UNAVAILABLE


class TestUpload:
    def test_one_and_several(self, ada: Member) -> None:
        answer = upload(ada.client, sent("übersicht 你好.txt", b"one"), folder="in/here")
        assert answer.status_code == HTTPStatus.FOUND
        assert answer["Location"] == "/files/?folder=in%2Fhere"
        upload(ada.client, sent("a.bin"), sent("b.bin"))
        assert keys_of(ada.tenant) == ["a.bin", "b.bin", "in/here/übersicht 你好.txt"]
        entry = last_entry(ada.tenant)
        assert (entry.action, entry.target) == ("file.uploaded", "file:b.bin")
        assert entry.after == {"name": "b.bin", "size": 7}

    def test_htmx_gets_the_list_anew(self, ada: Member) -> None:
        answer = ada.client.post("/files/upload/", {"upload": sent("a.txt")}, headers=HTMX)
        page = answer.content.decode()
        assert page.startswith('<div id="file-list"')
        assert "1 file was uploaded." in page
        assert "a.txt" in page

    def test_a_large_one_is_not_held_in_memory(self, ada: Member) -> None:
        content = io.BytesIO(b"x" * (12 * files.MEGABYTE))
        content.name = "large.bin"
        upload(ada.client, content)
        with tenant_scope(ada.tenant):
            assert files.get_file(tenant=ada.tenant, key="large.bin").size == 12 * files.MEGABYTE

    @pytest.mark.parametrize("name", ["../../up.txt", "C:\\secrets\\up.txt", "/etc/up.txt"])
    def test_a_path_in_the_name_is_left_out(self, ada: Member, name: str) -> None:
        file = sent("x")
        file._name = name  # noqa: SLF001 (a browser need not send what Django would)
        upload(ada.client, file, folder="here")
        assert keys_of(ada.tenant) == ["here/up.txt"]

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("x" * 241, "too long"),
            ("_plexica", "Plexica itself"),
            ("picture\u202egnp.exe", "can be seen"),
        ],
    )
    def test_names_that_cannot_be_used(self, ada: Member, name: str, message: str) -> None:
        with pytest.raises(files.InvalidInput, match=message), tenant_scope(ada.tenant):
            files.upload_file(
                tenant=ada.tenant,
                folder="",
                name=name,
                content=io.BytesIO(b"x"),
                size=1,
                replaces=False,
                actor=ada.actor,
            )
        assert keys_of(ada.tenant) == []

    def test_an_empty_one_is_refused_and_the_others_are_kept(self, ada: Member) -> None:
        answer = upload(ada.client, sent("empty.txt", b""), sent("full.txt"))
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        page = answer.content.decode()
        assert "The file is empty." in page
        assert "1 file was uploaded." in page
        assert keys_of(ada.tenant) == ["full.txt"]

    def test_one_that_is_too_large(self, ada: Member, settings: Any) -> None:
        settings.PLEXICA_FILE_MAX_MB = 1
        answer = upload(ada.client, sent("large.bin", b"x" * (files.MEGABYTE + 1)))
        assert "larger than 1 MB" in answer.content.decode()
        # What is larger than anything that could be allowed is not even read.
        answer = upload(ada.client, sent("larger.bin", b"x" * (3 * files.MEGABYTE)))
        assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert "too large" in answer.content.decode()
        assert keys_of(ada.tenant) == []

    def test_nothing_chosen_and_too_many(self, ada: Member) -> None:
        assert "Choose one file" in upload(ada.client).content.decode()
        many = [sent(f"{number}.txt") for number in range(21)]
        assert "20 files at most" in upload(ada.client, *many).content.decode()
        assert keys_of(ada.tenant) == []

    def test_a_name_that_is_taken(self, ada: Member) -> None:
        upload(ada.client, sent("a.txt", b"first"))
        answer = upload(ada.client, sent("a.txt", b"second"))
        assert "There is a file of this name already." in answer.content.decode()
        assert body(ada.client.get("/files/open/", {"key": "a.txt"}, follow=True)) == b"first"
        upload(ada.client, sent("a.txt", b"third"), replaces="on")
        assert body(ada.client.get("/files/open/", {"key": "a.txt"}, follow=True)) == b"third"
        assert last_entry(ada.tenant).action == "file.replaced"
        put(ada.tenant, "taken/inside.txt")
        answer = upload(ada.client, sent("taken"), replaces="on")
        assert "There is a folder of this name already." in answer.content.decode()

    def test_nothing_stays_that_the_audit_does_not_tell_of(
        self, ada: Member, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_values: object) -> None:
            raise RuntimeError("no audit")

        monkeypatch.setattr(files, "record", fail)
        with pytest.raises(RuntimeError):
            upload(ada.client, sent("a.txt"))
        assert keys_of(ada.tenant) == []


class TestFolders:
    def test_made_and_deleted_when_empty(self, ada: Member) -> None:
        answer = ada.client.post("/files/folder/", {"folder": "", "name": " Berichte "})
        assert answer["Location"] == "/files/?folder=Berichte"
        assert "There is nothing here yet" in ada.client.get(answer["Location"]).content.decode()
        again = ada.client.post("/files/folder/", {"folder": "", "name": "Berichte"})
        assert again.status_code == HTTPStatus.CONFLICT
        assert "There is a folder of this name already." in again.content.decode()
        upload(ada.client, sent("a.txt"), folder="Berichte")
        refused = ada.client.post("/files/folder/delete/", {"folder": "Berichte"})
        assert refused.status_code == HTTPStatus.CONFLICT
        ada.client.post("/files/delete/", {"key": "Berichte/a.txt"})
        ada.client.post("/files/folder/delete/", {"folder": "Berichte"})
        assert keys_of(ada.tenant) == []
        assert last_entry(ada.tenant).target == "folder:Berichte"

    @pytest.mark.parametrize("name", ["", "a/b", "..", "a\\b", "_plexica", "x" * 241])
    def test_names_that_cannot_be_used(self, ada: Member, name: str) -> None:
        answer = ada.client.post("/files/folder/", {"folder": "", "name": name})
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert 'class="field-error"' in answer.content.decode()
        assert keys_of(ada.tenant) == []


class TestDownload:
    def test_is_always_saved_and_never_shown(self, ada: Member) -> None:
        put(ada.tenant, "seite ü.html", b"<script>alert(1)</script>")
        answer = ada.client.get("/files/open/", {"key": "seite ü.html"}, follow=True)
        assert body(answer) == b"<script>alert(1)</script>"
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"] == "attachment; filename*=utf-8''seite%20%C3%BC.html"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Length"] == "25"
        assert "no-store" in answer["Cache-Control"]

    def test_the_link_ends(self, ada: Member, monkeypatch: pytest.MonkeyPatch) -> None:
        put(ada.tenant, "a.txt")
        page = ada.client.get("/files/link/", {"key": "a.txt"}).content.decode()
        match = re.search(r"http://acme\.localhost[^<]*(/files/get/[^<]+)", page)
        assert match
        assert body(ada.client.get(match[1])) == b"content"
        later = timezone.now().timestamp() + files.LINK_SECONDS + 2
        monkeypatch.setattr("django.core.signing.time.time", lambda: later)
        answer = ada.client.get(match[1])
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert "ask for another link" in answer.content.decode()

    def test_a_link_is_of_one_file_of_one_tenant(self, ada: Member, cy: Member) -> None:
        put(ada.tenant, "a.txt")
        put(cy.tenant, "a.txt", b"globex's")
        link = ada.client.get("/files/open/", {"key": "a.txt"})["Location"]
        assert cy.client.get(link).status_code == HTTPStatus.NOT_FOUND
        forged = f"{link[:14]}{'A' if link[14] != 'A' else 'B'}{link[15:]}"
        assert ada.client.get(forged).status_code == HTTPStatus.NOT_FOUND
        stranger = Client(headers={"host": "acme.localhost"})
        assert stranger.get(link).status_code == HTTPStatus.FOUND

    @pytest.mark.parametrize("key", [SECRET, "../x", "none.txt", "a//b", "\0", "x" * 2000])
    def test_what_is_not_there(self, ada: Member, key: str) -> None:
        put(ada.tenant, SECRET)
        for address in ("open", "link", "delete"):
            answer = ada.client.get(f"/files/{address}/", {"key": key}, follow=True)
            assert answer.status_code == HTTPStatus.NOT_FOUND


class TestDelete:
    def test_asks_and_deletes(self, ada: Member) -> None:
        put(ada.tenant, "in/a.txt")
        page = ada.client.get("/files/delete/", {"key": "in/a.txt"}).content.decode()
        assert "in/a.txt" in page
        assert 'href="/files/?folder=in"' in page
        answer = ada.client.post("/files/delete/", {"key": "in/a.txt"})
        assert answer["Location"] == "/files/?folder=in"
        assert keys_of(ada.tenant) == []
        entry = last_entry(ada.tenant)
        assert (entry.action, entry.before) == ("file.deleted", {"name": "in/a.txt", "size": 7})
        again = ada.client.post("/files/delete/", {"key": "in/a.txt"})
        assert again.status_code == HTTPStatus.NOT_FOUND

    def test_not_what_is_plexicas_own(self, ada: Member) -> None:
        put(ada.tenant, SECRET)
        answer = ada.client.post("/files/delete/", {"key": SECRET})
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert keys_of(ada.tenant) == [SECRET]


class TestWhoMay:
    def test_a_viewer_reads_and_changes_nothing(self, ada: Member) -> None:
        put(ada.tenant, "a.txt")
        vi = come(ada.tenant, "Vi", "viewer").client
        page = vi.get("/files/").content.decode()
        assert "a.txt" in page
        assert "upload" not in page.lower()
        assert "/files/delete/" not in page
        assert body(vi.get("/files/open/", {"key": "a.txt"}, follow=True)) == b"content"
        assert upload(vi, sent("b.txt")).status_code == HTTPStatus.FORBIDDEN
        assert vi.post("/files/delete/", {"key": "a.txt"}).status_code == HTTPStatus.FORBIDDEN

    def test_a_member_uploads_and_does_not_delete(self, bo: Member) -> None:
        assert upload(bo.client, sent("b.txt")).status_code == HTTPStatus.FOUND
        answer = bo.client.post("/files/delete/", {"key": "b.txt"})
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "/files/delete/" not in bo.client.get("/files/").content.decode()

    def test_somebody_without_a_role_sees_nothing(self, ada: Member) -> None:
        nobody = come(ada.tenant, "No").client
        assert nobody.get("/files/").status_code == HTTPStatus.FORBIDDEN
        assert nobody.get("/files/open/", {"key": "a"}).status_code == HTTPStatus.FORBIDDEN

    def test_cys_files_are_not_acmes(self, ada: Member, cy: Member) -> None:
        put(ada.tenant, f"{uuid.uuid4()}.txt")
        page = cy.client.get("/files/").content.decode()
        assert "There is nothing here yet" in page
        upload(cy.client, sent("cys.txt"))
        assert "cys.txt" not in ada.client.get("/files/").content.decode()


def test_the_page_costs_the_same_however_many_there_are(
    ada: Member, django_assert_num_queries: Any
) -> None:
    put(ada.tenant, "a.txt")
    ada.client.get("/files/")
    with django_assert_num_queries(2):
        ada.client.get("/files/")
    for number in range(5):
        put(ada.tenant, f"{number}.txt")
    with django_assert_num_queries(2):
        ada.client.get("/files/")
