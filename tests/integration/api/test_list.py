import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from plexica.core.pagination import Page, take_page
from tenants.models import Tenant
from tenants.selectors import ORDERINGS
from tests.integration.api.conftest import PREFIX, TENANTS, Api, new_tenant, path_of

BEGINNING = timezone.now()


def row(slug: str, **values: Any) -> Tenant:
    """Return a tenant's row as it is, without anything behind it."""
    slug = f"{PREFIX}{slug}"
    return Tenant(
        **{
            "slug": slug,
            "name": slug.title(),
            "owner_email": "ada@example.com",
            "schema_name": slug,
            "realm": slug,
            "bucket": slug,
            **values,
        }
    )


@pytest.fixture
def five() -> list[Tenant]:
    """Five tenants, the newest first."""
    return Tenant.objects.bulk_create(
        row(f"five-{number}", created_at=BEGINNING - timedelta(hours=number)) for number in range(5)
    )


def slugs(api: Api, **query: Any) -> list[str]:
    query.setdefault("search", f"{PREFIX}five")
    answer = api.get(TENANTS, **query)
    assert answer.status_code == 200, answer.content
    return [tenant["slug"].removeprefix(PREFIX) for tenant in answer.json()["results"]]


@pytest.mark.usefixtures("five")
def test_orders_the_newest_first_or_as_asked(api: Api) -> None:
    newest = [f"five-{number}" for number in range(5)]
    assert slugs(api) == newest
    assert slugs(api, ordering="created_at") == newest[::-1]
    assert slugs(api, ordering="-slug") == newest[::-1]
    assert slugs(api, ordering="name") == newest


@pytest.mark.usefixtures("five")
def test_searches_name_slug_and_owner(api: Api) -> None:
    Tenant.objects.filter(slug=f"{PREFIX}five-3").update(
        name="50% off_ Größe", owner_email="bo@unique.example"
    )
    assert slugs(api, search=f"{PREFIX}FIVE-2") == ["five-2"]
    assert slugs(api, search="50% OFF_ größe") == ["five-3"]
    assert slugs(api, search="Bo@UNIQUE") == ["five-3"]
    assert slugs(api, search="5_% off") == []


@pytest.mark.usefixtures("five")
def test_filters_by_one_state_or_more(api: Api) -> None:
    Tenant.objects.filter(slug=f"{PREFIX}five-1").update(state="ACTIVE")
    Tenant.objects.filter(slug=f"{PREFIX}five-2").update(state="FAILED")
    assert slugs(api, state="ACTIVE") == ["five-1"]
    assert slugs(api, state=["ACTIVE", "FAILED"]) == ["five-1", "five-2"]


@pytest.mark.usefixtures("five")
def test_pages_lead_to_each_other(api: Api) -> None:
    first = api.get(TENANTS, search=f"{PREFIX}five", page_size=2).json()
    second = api.get(path_of(first["next"])).json()
    third = api.get(path_of(second["next"])).json()
    assert first["previous"] is None
    assert third["next"] is None
    assert [len(page["results"]) for page in (first, second, third)] == [2, 2, 1]
    assert api.get(path_of(third["previous"])).json()["results"] == second["results"]
    back = api.get(path_of(second["previous"])).json()
    assert back["results"] == first["results"]
    assert back["previous"] is None


@pytest.mark.usefixtures("five")
def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    page = api.get(TENANTS, search=f"{PREFIX}five", page_size=2).json()
    cursor = parse_qs(urlsplit(page["next"]).query)["cursor"][0]
    for other in ({}, {"search": "x"}, {"search": f"{PREFIX}five", "ordering": "name"}):
        answer = api.get(TENANTS, cursor=cursor, **other)
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:plexica:problem:invalid-cursor"
    same = api.get(TENANTS, search=f"{PREFIX}five", cursor=cursor, page_size=1)
    assert same.status_code == 200


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "a:b:c",
        "\0",
        "é",
        "x" * 5000,
        base64.urlsafe_b64encode(b'["2026-01-01", "1", false]').decode(),
        signing.dumps(["name", "id", False], salt="something else"),
    ],
)
def test_a_bad_cursor_is_refused(api: Api, cursor: str) -> None:
    answer = api.get(TENANTS, cursor=cursor)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page_size=-1", "page_size"),
        ("page_size=1.0", "page_size"),
        ("page_size=", "page_size"),
        ("page_size=" + quote("٣"), "page_size"),
        ("page_size=1&page_size=2", "page_size"),
        ("ordering=contact_email", "ordering"),
        ("ordering=", "ordering"),
        ("state=active", "state"),
        ("state=", "state"),
        ("state=ACTIVE&state=x%00", "state"),
        ("search=%00", "search"),
        ("search=" + "x" * 255, "search"),
        ("search=a&search=b", "search"),
        ("sort=name", "sort"),
        ("format=api", "format"),
        ("cursor=a&cursor=b", "cursor"),
    ],
)
def test_refuses_a_parameter_and_names_it(api: Api, query: str, field: str) -> None:
    answer = api.send("GET", f"{TENANTS}?{query}")
    assert answer.status_code == 400
    assert {error["field"].partition(".")[0] for error in answer.json()["errors"]} == {field}


def test_hundreds_of_parameters_are_refused(api: Api) -> None:
    answer = api.send("GET", f"{TENANTS}?" + "&".join(["search=a"] * 300))
    assert answer.status_code == 400
    assert "DATA_UPLOAD" not in answer.content.decode()


def test_bytes_that_are_no_text_do_no_harm(api: Api) -> None:
    assert api.send("GET", f"{TENANTS}?search=%ff%fe%ed%a0%80").status_code == 200


@pytest.mark.usefixtures("five")
def test_the_number_of_queries_does_not_grow_with_the_page(api: Api) -> None:
    counts = []
    for page_size in (1, 5):
        with CaptureQueriesContext(connection) as queries:
            slugs(api, page_size=page_size)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 2


def walk(ordering: str, page_size: int, between: Any) -> tuple[list[Tenant], list[Tenant]]:
    """Walk a list to its end and back, and return what was seen either way."""

    def page(cursor: str) -> Page[Tenant]:
        between()
        return take_page(
            Tenant.objects.filter(slug__startswith=f"{PREFIX}p"),
            ordering=ordering,
            cursor=cursor,
            page_size=page_size,
            query={},
        )

    current = page("")
    forth = list(current.rows)
    while current.next_cursor:
        current = page(current.next_cursor)
        forth += current.rows
    back = list(reversed(current.rows))
    while current.previous_cursor:
        current = page(current.previous_cursor)
        back += reversed(current.rows)
    return forth, back


@settings(max_examples=25, deadline=None)
@given(
    # Few different values, so that many rows are equal but for their id.
    values=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["Ab", "ab", "B", "é", "a b"])), max_size=12
    ),
    ordering=st.sampled_from(ORDERINGS),
    page_size=st.integers(1, 5),
    late=st.lists(st.integers(-1, 3), max_size=6),
)
def test_a_walk_shows_every_row_once_while_others_come(
    values: list[tuple[int, str]], ordering: str, page_size: int, late: list[int]
) -> None:
    waiting = list(enumerate(late))

    def somebody_comes() -> None:
        if waiting:
            number, hours = waiting.pop()
            row(f"plate-{number}", created_at=BEGINNING + timedelta(hours=hours)).save()

    Tenant.objects.bulk_create(
        row(f"pearly-{number}", name=name, created_at=BEGINNING + timedelta(hours=hours))
        for number, (hours, name) in enumerate(values)
    )
    try:
        sign = "-" if ordering.startswith("-") else ""
        early = list(
            Tenant.objects.filter(slug__startswith=f"{PREFIX}pearly").order_by(
                ordering, f"{sign}id"
            )
        )
        for seen in walk(ordering, page_size, somebody_comes):
            assert len({tenant.pk for tenant in seen}) == len(seen)
        forth, back = walk(ordering, page_size, lambda: None)
        assert [tenant for tenant in forth if "pearly" in tenant.slug] == early
        assert back == forth[::-1]
    finally:
        Tenant.objects.filter(slug__startswith=f"{PREFIX}p").delete()


@settings(max_examples=25, deadline=None)
@given(junk=st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_no_text_is_a_cursor(token: str, junk: str) -> None:
    answer = Api(token).send("GET", f"{TENANTS}?cursor={quote(json.dumps(junk))}")
    assert answer.status_code == 400


def test_a_list_shows_what_the_tenant_shows(api: Api) -> None:
    api.post(new_tenant("same"))
    listed = api.get(TENANTS, search=f"{PREFIX}same").json()["results"]
    assert listed == [api.get(f"{TENANTS}/{PREFIX}same").json()]
