"""The registry by the API: who may, what is refused, and that everything goes as by command."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

from plugins.backends import want_backend
from plugins.models import Backend, Plugin, Release
from tests.integration.api.conftest import Api, path_of
from tests.integration.api.test_staff_roles import client, program
from tests.integration.plugins.packages import Author, empty_registry

PLUGINS = "/api/plugins"
REGISTER = f"{PLUGINS}/releases"
KEYS = f"{PLUGINS}/keys"
BINARY = "application/octet-stream"
ADDRESSES = (
    ("GET", PLUGINS),
    ("POST", REGISTER),
    ("GET", KEYS),
    ("POST", KEYS),
    ("POST", f"{KEYS}/00000000-0000-0000-0000-000000000000/revoke"),
    ("GET", f"{PLUGINS}/hello"),
    ("GET", f"{PLUGINS}/hello/releases"),
    ("GET", f"{PLUGINS}/hello/releases/0.1.0"),
    ("POST", f"{PLUGINS}/hello/releases/0.1.0/publish"),
    ("POST", f"{PLUGINS}/hello/releases/0.1.0/deprecate"),
    ("POST", f"{PLUGINS}/hello/releases/0.1.0/withdraw"),
    ("POST", f"{PLUGINS}/hello/releases/0.1.0/unconfine"),
    ("POST", f"{PLUGINS}/hello/releases/0.1.0/confine"),
    ("GET", f"{PLUGINS}/hello/releases/0.1.0/backend"),
    ("POST", f"{PLUGINS}/hello/releases/0.1.0/backend/restart"),
    ("POST", f"{PLUGINS}/hello/releases/0.1.0/backend/end-quarantine"),
)

__all__ = ["client", "program"]


@pytest.fixture(autouse=True)
def _registry(_platform_scope: None) -> Iterator[None]:
    empty_registry()
    yield
    empty_registry()


def body(answer: Any) -> Any:
    return answer.json()


def test_from_a_key_to_a_withdrawn_release(api: Api) -> None:
    author = Author()
    key = api.post({"name": "Ada's key", "public_key": author.public_key}, KEYS)
    assert key.status_code == 201
    made = api.send("POST", REGISTER, author.package(), BINARY)
    assert made.status_code == 201, made.content
    release = path_of(made["Location"])
    assert body(api.get(release)) == body(made)
    assert body(made)["key"]["fingerprint"] == body(key)["fingerprint"]
    assert body(made)["manifest"]["plugin"]["slug"] == "hello"
    again = api.send("POST", REGISTER, author.package(), BINARY)
    assert (again.status_code, body(again)["id"]) == (200, body(made)["id"])
    other = api.send("POST", REGISTER, author.package(code="x"), BINARY)
    assert (other.status_code, body(other)["type"]) == (409, "urn:plexica:problem:version-taken")
    assert body(api.post({}, f"{release}/publish"))["state"] == "PUBLISHED"
    listed = body(api.get(PLUGINS, state="PUBLISHED"))["results"]
    assert [(found["slug"], found["version"]) for found in listed] == [("hello", "0.1.0")]
    assert body(api.get(path_of(listed[0]["url"]))) == listed[0]
    assert body(api.get(PLUGINS, state="WITHDRAWN"))["results"] == []
    assert body(api.post({"reason": "Old."}, f"{release}/deprecate"))["reason"] == "Old."
    assert body(api.post({}, f"{release}/withdraw"))["state"] == "WITHDRAWN"
    assert api.post({}, f"{release}/publish").status_code == 409
    assert len(body(api.get(f"{PLUGINS}/hello/releases"))["results"]) == 1
    assert api.post({}, f"{KEYS}/{body(key)['id']}/revoke").status_code == 200
    refused = api.send("POST", REGISTER, author.package(version="0.2.0"), BINARY)
    assert body(refused)["type"] == "urn:plexica:problem:signature-refused"
    assert body(api.get(KEYS))["results"][0]["is_trusted"] is False


def test_a_list_goes_on_page_by_page(api: Api) -> None:
    author = Author()
    author.trusted()
    for number in range(5):
        author.registered(f"plugin-{number}", name=f"Name {number % 2}")
    found, address = [], f"{PLUGINS}?page_size=2&ordering=-name"
    while address:
        page = body(api.get(address))
        found += [plugin["slug"] for plugin in page["results"]]
        address = path_of(page["next"]) if page["next"] else ""
    assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", BINARY, 400),
        (b"PK\x03\x04", BINARY, 400),
        (b"{}", "application/json", 415),
        (b"x" * 100, "multipart/form-data; boundary=x", 415),
    ],
)
def test_what_is_no_package(api: Api, content: bytes, content_type: str, status: int) -> None:
    answer = api.send("POST", REGISTER, content, content_type)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_a_package_has_a_limit_of_its_own_and_nothing_else_does(api: Api) -> None:
    large = b"x" * (settings.PLEXICA_MAX_API_BODY_BYTES + 1)
    assert api.send("POST", REGISTER, large, BINARY).status_code == 400
    assert api.send("POST", KEYS, large).status_code == 413
    limit = settings.PLEXICA_MAX_API_FILE_BYTES[REGISTER]
    assert api.send("POST", REGISTER, b"x" * (limit + 1), BINARY).status_code == 413


def test_a_wrong_manifest_is_named(api: Api) -> None:
    answer = api.post({"name": "", "public_key": "x"}, KEYS)
    assert answer.status_code == 400
    fields = {problem["field"] for problem in body(answer)["errors"]}
    assert fields >= {"name"}


def test_who_may_look_may_change_nothing(program: Callable[[str], Api]) -> None:
    author = Author()
    author.trusted()
    want_backend(release=author.registered())
    reader = program("read-only")
    for method, address in ADDRESSES:
        answer = reader.send(method, address, b"{}" if method == "POST" else b"")
        assert answer.status_code == (403 if method == "POST" else 200), address
    assert Release.objects.get().state == "REGISTERED"


def test_strangers_and_those_without_a_role_see_nothing(
    stranger: Api, program: Callable[[str], Api]
) -> None:
    nobody = program("offline_access")
    for method, address in ADDRESSES:
        assert stranger.send(method, address).status_code == 401
        assert nobody.send(method, address).status_code == 403
    assert not Plugin.objects.exists()


def test_what_runs_is_seen_and_restarted(api: Api) -> None:
    author = Author()
    author.trusted()
    release = author.registered()
    address = f"{PLUGINS}/hello/releases/0.1.0/backend"
    assert api.get(address).status_code == 404
    backend = want_backend(release=release)
    Backend.objects.update(state="READY", log_tail="listening", ciphertext="gAAAAsecret")
    seen = api.get(address)
    assert (body(seen)["state"], body(seen)["log"]) == ("READY", "listening")
    assert b"gAAAAsecret" not in seen.content
    assert body(api.post({}, f"{address}/restart"))["state"] == "WAITING"
    refused = api.post({}, f"{address}/end-quarantine")
    assert (refused.status_code, body(refused)["type"]) == (
        409,
        "urn:plexica:problem:backend-state",
    )
    Backend.objects.update(state="QUARANTINED", crashes=["2026-11-01T10:00:00+00:00"])
    assert body(api.get(address))["crashes"] == ["2026-11-01T10:00:00+00:00"]
    assert body(api.post({}, f"{address}/end-quarantine"))["state"] == "STOPPED"
    for name, is_allowed in (("unconfine", True), ("confine", False)):
        changed = api.post({}, f"{PLUGINS}/hello/releases/0.1.0/{name}")
        assert body(changed)["is_unconfined"] is is_allowed
    backend.refresh_from_db()
    assert backend.crashes == []
