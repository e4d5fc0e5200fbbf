"""A workspace's audit: searched, paged, shown and taken away, by those who may, of one tenant."""

import csv
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from plexica.audit import exports, pages
from plexica.audit.models import AuditEntry
from tenants.scopes import tenant_scope
from tests.integration.workspace.conftest import Member, come

HTMX = {"HX-Request": "true"}
ROW = re.compile(r'class="row-link" href="([^"]+)"')


def note(member: Member, **values: Any) -> AuditEntry:
    """Write an entry by somebody; the audit keeps it, so tests use marks of their own."""
    at = values.pop("at", None)
    with tenant_scope(member.tenant):
        entry = AuditEntry(
            **{
                "actor_kind": "user",
                "actor_id": str(member.user.pk),
                "actor_name": str(member.user),
                "action": "thing.done",
                "target": "thing:one",
            }
            | values
        )
        if at is not None:
            # Only the past may be chosen in a test: the column takes the present by itself.
            entry._meta.get_field("at").auto_now_add = False  # noqa: SLF001
            entry.at = at
        try:
            entry.save(force_insert=True)
        finally:
            entry._meta.get_field("at").auto_now_add = True  # noqa: SLF001
    return entry


@pytest.fixture
def mark() -> str:
    return f"Mark{uuid.uuid4().hex[:10]}"


def read(client: Client, **query: str) -> str:
    answer = client.get("/audit/", query)
    assert answer.status_code == HTTPStatus.OK
    return str(answer.content.decode())


def shown(client: Client, **query: str) -> list[str]:
    """Return the ids of the entries that a page shows, in its order."""
    return [address.split("/")[2] for address in ROW.findall(read(client, **query))]


def body(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


class TestSearch:
    def test_by_who(self, ada: Member, mark: str) -> None:
        one = note(ada, actor_name=f"Grace {mark} Hopper")
        note(ada, actor_name="Somebody else")
        assert shown(ada.client, who=f"hopper {mark.lower()}") == [str(one.pk)]
        by_id = note(ada, actor_id=str(uuid.uuid4()), actor_name=mark)
        assert shown(ada.client, who=by_id.actor_id) == [str(by_id.pk)]

    def test_by_action_and_by_group_of_actions(self, ada: Member, mark: str) -> None:
        made = note(ada, action=f"{mark.lower()}.made", actor_name=mark)
        lost = note(ada, action=f"{mark.lower()}.lost", actor_name=mark)
        note(ada, action="thing.done", actor_name=mark)
        assert shown(ada.client, what=f"{mark.lower()}.made") == [str(made.pk)]
        assert shown(ada.client, what=f"{mark.lower()}.*") == [str(lost.pk), str(made.pk)]
        assert shown(ada.client, what="nothing-like-it.*") == []
        page = read(ada.client)
        assert f'<option value="{mark.lower()}.made">' in page, "What there is can be chosen."
        assert '<option value="role.assigned">' in page

    def test_by_target_and_time(self, ada: Member, mark: str) -> None:
        old = note(ada, target=f"thing:{mark}", at=datetime(2024, 3, 5, 10, 30, 20, tzinfo=UTC))
        new = note(ada, target=f"thing:{mark}")
        on = {"target": f"thing:{mark}"}
        assert shown(ada.client, **on) == [str(new.pk), str(old.pk)]
        assert shown(ada.client, **on, until="2024-03-05T10:30") == [str(old.pk)]
        assert shown(ada.client, **on, until="2024-03-05T10:29") == []
        assert shown(ada.client, **on, since="2024-03-05T10:30") == [str(new.pk), str(old.pk)]
        assert shown(ada.client, **on, since="2024-03-05T10:31") == [str(new.pk)]

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ({"since": "2024-02-02T00:00", "until": "2024-02-01T00:00"}, "before the beginning"),
            ({"since": "yesterday"}, "valid date"),
            ({"until": "9999-12-31T23:59"}, "year from 2000 to 2999"),
            ({"since": "0001-01-01T00:00"}, "year from 2000 to 2999"),
            ({"what": "'; DROP TABLE"}, "no action"),
            ({"who": "x" * 101}, "at most 100"),
            ({"who": "a\0b"}, "Null characters"),
            ({"cursor": "forged"}, "this very list"),
            ({"whom": "x"}, "Unknown field"),
        ],
    )
    def test_says_what_is_wrong(self, ada: Member, query: dict[str, str], message: str) -> None:
        answer = ada.client.get("/audit/", query)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert message in answer.content.decode()

    def test_htmx_gets_the_table_alone(self, ada: Member) -> None:
        text = ada.client.get("/audit/", headers=HTMX).content.decode()
        assert text.lstrip().startswith('<div id="audit-table">')
        assert "<html" not in text

    def test_nothing_found(self, ada: Member, mark: str) -> None:
        assert "No entry matches" in read(ada.client, who=mark)


class TestPages:
    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "PAGE_SIZE", 3)

    def test_stay_as_they_are_while_entries_come(self, ada: Member, mark: str) -> None:
        at = timezone.now() - timedelta(days=1)
        # Some have the very same time.
        ids = [str(note(ada, actor_name=mark, at=at).pk) for _ in range(4)]
        ids += [str(note(ada, actor_name=mark).pk) for _ in range(4)]
        first = read(ada.client, who=mark)
        seen = [address.split("/")[2] for address in ROW.findall(first)]
        page = first
        while match := re.search(r'rel="next" href="([^"]+)"', page):
            note(ada, actor_name=mark)
            page = ada.client.get("/audit/" + match[1].replace("&amp;", "&")).content.decode()
            seen += [address.split("/")[2] for address in ROW.findall(page)]
        assert sorted(seen) == sorted(ids), "Each once, and none that came meanwhile."
        assert seen[:4] == list(reversed(ids[4:]))
        match = re.search(r'rel="prev" href="([^"]+)"', page)
        assert match
        back = ada.client.get("/audit/" + match[1].replace("&amp;", "&")).content.decode()
        assert [address.split("/")[2] for address in ROW.findall(back)] == seen[3:6]

    def test_cost_the_same_however_many_there_are(
        self, ada: Member, mark: str, django_assert_num_queries: Any
    ) -> None:
        for _ in range(2):
            note(ada, actor_name=mark, target=f"user:{ada.user.pk}")
        ada.client.get("/audit/", {"who": mark})
        with django_assert_num_queries(5):
            ada.client.get("/audit/", {"who": mark})
        for _ in range(5):
            note(ada, actor_name=mark, target=f"user:{ada.user.pk}")
        with django_assert_num_queries(5):
            ada.client.get("/audit/", {"who": mark})


class TestEntry:
    def test_shows_values_with_labels(self, ada: Member) -> None:
        entry = note(
            ada,
            action="user.updated",
            target=f"user:{ada.user.pk}",
            before={"first_name": "Ada", "is_active": True, "roles": ["member", "viewer"]},
            after={"first_name": "Augusta", "is_active": False, "inner": {"deep_one": None}},
            request_id="abc-123",
        )
        page = ada.client.get(f"/audit/{entry.pk}/").content.decode()
        for text in ("First name", "Augusta", "May log in", "Yes", "No", "member, viewer"):
            assert text in page
        assert "Inner · Deep one" in page
        assert "abc-123" in page
        assert f'<a href="/users/{ada.user.pk}/">Ada</a>' in page
        for raw in ("{&#x27;", "&quot;first_name", "[&#x27;"):
            assert raw not in page

    def test_one_that_is_not_there(self, ada: Member, cy: Member) -> None:
        entry = note(cy)
        for pk in (uuid.uuid4(), entry.pk):
            assert ada.client.get(f"/audit/{pk}/").status_code == HTTPStatus.NOT_FOUND

    def test_what_is_written_there_is_only_text(self, ada: Member, mark: str) -> None:
        entry = note(ada, actor_name=f"<script>{mark}", after={"<b>": "<img src=x>"})
        for address in (f"/audit/{entry.pk}/", f"/audit/?who={mark}"):
            page = ada.client.get(address).content.decode()
            assert f"<script>{mark}" not in page
            assert "<img src=x>" not in page


class TestExport:
    def test_csv(self, ada: Member, mark: str) -> None:
        formula = note(ada, actor_name=f"=HYPERLINK({mark})", after={"name": 'Ünï, "x"\n'})
        note(ada, actor_name="Somebody else")
        answer = ada.client.post("/audit/export/", {"who": mark, "format": "csv"})
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-acme-')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        rows = list(csv.DictReader(StringIO(body(answer))))
        assert [row["actor_name"] for row in rows] == [f"'=HYPERLINK({mark})"]
        assert rows[0]["at"] == formula.at.isoformat()
        assert json.loads(rows[0]["after"]) == {"name": 'Ünï, "x"\n'}

    def test_json_lines(self, ada: Member, mark: str) -> None:
        note(ada, actor_name=f"={mark}", before={"a": [1]})
        answer = ada.client.post("/audit/export/", {"who": mark, "format": "jsonl"})
        [line] = body(answer).splitlines()
        assert json.loads(line)["actor_name"] == f"={mark}"
        assert json.loads(line)["before"] == {"a": [1]}

    def test_is_written_down_itself(self, ada: Member, mark: str) -> None:
        body(ada.client.post("/audit/export/", {"who": mark, "format": "csv"}))
        with tenant_scope(ada.tenant):
            entry = AuditEntry.objects.filter(action="audit.exported").first()
        assert entry
        assert entry.actor_id == str(ada.user.pk)
        assert entry.target == "audit:acme"
        assert entry.after == {"format": "csv", "search": {"who": mark}}

    def test_has_an_end_and_is_read_in_batches(
        self, ada: Member, mark: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = timezone.now()
        ids = [note(ada, actor_name=mark, at=at if n < 4 else None).pk for n in range(9)]
        monkeypatch.setattr("plexica.audit.selectors._BATCH_ROWS", 2)
        query = {"who": mark, "format": "jsonl"}
        assert len(body(ada.client.post("/audit/export/", query)).splitlines()) == len(ids)
        monkeypatch.setattr(exports, "MAX_EXPORTED", 5)
        assert len(body(ada.client.post("/audit/export/", query)).splitlines()) == 5

    @pytest.mark.parametrize("values", [{}, {"format": "xlsx"}, {"format": "csv", "what": "x"}])
    def test_refuses_what_it_does_not_know(self, ada: Member, values: dict[str, str]) -> None:
        answer = ada.client.post("/audit/export/", values)
        assert answer.status_code == HTTPStatus.BAD_REQUEST


class TestWhoMay:
    @pytest.fixture
    def addresses(self, ada: Member) -> list[str]:
        return ["/audit/", f"/audit/{note(ada).pk}/"]

    def test_owners_and_admins(self, ada: Member, dee: Member, addresses: list[str]) -> None:
        for somebody in (ada, dee):
            for address in addresses:
                assert somebody.client.get(address).status_code == HTTPStatus.OK

    def test_not_members_and_viewers(self, bo: Member, addresses: list[str]) -> None:
        viewer = come(bo.tenant, "Vi", "viewer")
        for somebody in (bo, viewer):
            for address in addresses:
                assert somebody.client.get(address).status_code == HTTPStatus.FORBIDDEN
            answer = somebody.client.post("/audit/export/", {"format": "csv"})
            assert answer.status_code == HTTPStatus.FORBIDDEN

    def test_cy_sees_nothing_of_acme(self, ada: Member, cy: Member, mark: str) -> None:
        note(ada, actor_name=mark)
        assert "No entry matches" in read(cy.client, who=mark)
        answer = cy.client.post("/audit/export/", {"who": mark, "format": "jsonl"})
        assert body(answer) == ""
