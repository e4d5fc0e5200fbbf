from typing import Any

import pytest
from django.conf import settings

from plexica.audit.models import AuditEntry
from tenants.models import Tenant
from tests.integration.api.conftest import PREFIX, TENANTS, Api, new_tenant, path_of
from tests.threads import threads

TOO_DEEP = b'{"slug":' + b"[" * 30_000 + b"]" * 30_000 + b"}"


def made() -> int:
    return Tenant.objects.filter(slug__startswith=PREFIX).count()


def test_begins_a_tenant(api: Api) -> None:
    answer = api.post(new_tenant("one", contact_email="office@example.com"))
    assert answer.status_code == 202
    body = answer.json()
    assert body["tenant"]["state"] == "PROVISIONING"
    assert body["tenant"]["contact_email"] == "office@example.com"
    assert [step["name"] for step in body["run"]["steps"]] == ["one", "two", "three"]
    assert answer["Location"] == body["run"]["url"]
    assert answer["Retry-After"] == "1"
    assert "no-store" in answer["Cache-Control"]
    assert body["tenant"]["url"] == f"{settings.PLEXICA_CONSOLE_URL}{TENANTS}/{PREFIX}one"
    run = api.get(path_of(answer["Location"]))
    assert run.status_code == 200
    assert run.json() | {"seconds": 0} == body["run"] | {"seconds": 0}


def test_names_the_program_in_the_audit(api: Api) -> None:
    api.post(new_tenant("audited"))
    entry = AuditEntry.objects.filter(
        target=f"tenant:{PREFIX}audited", action="tenant.created"
    ).latest("at")
    assert (entry.actor_kind, entry.actor_id) == ("service_account", "plexica-api")
    assert entry.request_id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "ab"),
        ("slug", "a" * 33),
        ("slug", "Acme"),
        ("slug", "admin"),
        ("slug", "pg-catalog"),
        ("slug", "api-x\n"),
        ("slug", "api-x\0"),
        ("slug", "api-\ud800"),
        ("slug", 12345),
        ("slug", None),
        ("slug", ["api-x"]),
        ("slug", {"a": 1}),
        ("slug", True),
        ("slug", ""),
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 101),
        ("name", "a\0b"),
        ("name", "a\nb"),
        ("name", 5),
        ("name", 1.5),
        ("owner_email", "nobody"),
        ("owner_email", "a@b"),
        ("owner_email", f"{'a' * 250}@example.com"),
        ("owner_email", "ada@example.com\0"),
        ("owner_email", "ada@example.com\nBcc: eve@example.com"),
        ("owner_email", False),
        ("contact_email", "nobody"),
        ("contact_email", None),
        ("contact_email", 0),
        ("state", "ACTIVE"),
        ("unknown", 1),
        ("\ud800", 1),
    ],
)
def test_refuses_a_value_and_names_its_field(api: Api, field: str, value: Any) -> None:
    answer = api.post(new_tenant("bad", **{field: value}))
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "urn:plexica:problem:invalid-input"
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["request_id"]
    assert made() == 0


def test_names_everything_that_is_missing_or_unknown(api: Api) -> None:
    fields = {error["field"] for error in api.post({"colour": "red"}).json()["errors"]}
    assert fields == {"slug", "name", "owner_email", "colour"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid-input"),
        (b"null", "invalid-input"),
        (b"[]", "invalid-input"),
        (b'"text"', "invalid-input"),
        (b"0", "invalid-input"),
        (b"{", "malformed-body"),
        (b"{'slug': 1}", "malformed-body"),
        (b'{"slug": NaN}', "malformed-body"),
        (b'{"slug": -Infinity}', "malformed-body"),
        (b'{"slug": 1, "slug": 2}', "malformed-body"),
        (b'{"a": {"b": 1, "b": 1}}', "malformed-body"),
        (b'{"slug": ' + b"9" * 5000 + b"}", "malformed-body"),
        (b'\xef\xbb\xbf{"slug": "x"}', "malformed-body"),
        (b'{"slug": "\xff"}', "malformed-body"),
        ('{"slug": "x"}'.encode("utf-16"), "malformed-body"),
        (b"\0", "malformed-body"),
        (TOO_DEEP, "malformed-body"),
    ],
)
def test_refuses_a_body_that_is_no_object_of_json(api: Api, body: bytes, code: str) -> None:
    answer = api.send("POST", TENANTS, body)
    assert answer.status_code == 400
    assert answer.json()["type"] == f"urn:plexica:problem:{code}"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json5",
        "nonsense",
    ],
)
def test_refuses_other_content_types(api: Api, content_type: str) -> None:
    answer = api.send("POST", TENANTS, b'{"slug": "api-x"}', content_type)
    assert answer.status_code == 415
    assert answer.json()["type"] == "urn:plexica:problem:unsupported-media-type"


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "latin-1", "bz2_codec", "nonsense"])
def test_json_is_utf_8_whatever_a_charset_says(api: Api, charset: str) -> None:
    body = '{"slug": "api-charset", "name": "Größe", "owner_email": "ada@example.com"}'
    answer = api.send("POST", TENANTS, body.encode(), f"application/json; charset={charset}")
    assert answer.status_code == 202
    assert answer.json()["tenant"]["name"] == "Größe"


def test_refuses_a_huge_body_before_reading_it(api: Api) -> None:
    limit = settings.PLEXICA_MAX_API_BODY_BYTES
    body = b'{"slug": "' + b"x" * limit + b'"}'
    answer = api.send("POST", TENANTS, body)
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:plexica:problem:body-too-large"
    fitting = b'{"slug": ""}'.ljust(limit)
    assert api.send("POST", TENANTS, fitting).status_code == 400


def test_refuses_a_body_without_a_length(api: Api) -> None:
    assert api.send("POST", TENANTS, b"{}", transfer_encoding="chunked").status_code == 411


def test_a_long_request_id_of_the_caller_does_no_harm(api: Api) -> None:
    answer = api.send("POST", TENANTS, b'{"x": 1}', x_request_id="x" * 5000)
    assert answer.status_code == 400
    answer = api.post(new_tenant("traced"), x_request_id="x" * 5000)
    assert answer.status_code == 202


def test_refuses_a_slug_that_is_taken(api: Api) -> None:
    api.post(new_tenant("taken"))
    answer = api.post(new_tenant("taken", name="Another"))
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:plexica:problem:slug-taken"
    assert [error["field"] for error in answer.json()["errors"]] == ["slug"]
    assert Tenant.objects.get(slug=f"{PREFIX}taken").name == "An Example"


def test_of_many_at_once_one_wins(api: Api) -> None:
    with threads(8) as submit:
        calls = [
            submit(api.post, new_tenant("race", name=f"Number {number}")) for number in range(8)
        ]
    statuses = sorted(call.result().status_code for call in calls)
    assert statuses == [202] + [409] * 7
