import base64
import html
import json
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.tokens import get_token
from plexica.identity.providers import API_CLIENT, PLATFORM_REALM
from tenants.models import Tenant
from tests.conftest import Servers
from tests.integration.api.conftest import PREFIX, TENANTS, Api, fetch_token, new_tenant

ADDRESSES = [
    ("GET", TENANTS),
    ("POST", TENANTS),
    ("GET", f"{TENANTS}/acme"),
    ("PATCH", f"{TENANTS}/acme"),
    ("GET", f"{TENANTS}/acme/runs"),
    ("GET", f"{TENANTS}/acme/runs/{uuid4()}"),
    ("POST", f"{TENANTS}/acme/runs/{uuid4()}/retry"),
    ("OPTIONS", TENANTS),
    ("DELETE", TENANTS),
]


def unsigned(token: str) -> str:
    """Return the same token, said to need no signature."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return f"{header.decode().rstrip('=')}.{token.split('.')[1]}."


@pytest.fixture
def powerless_token(platform: Servers) -> Iterator[str]:
    """The token of a program of the platform's realm, for this API, that nobody gave the role."""
    del platform
    master, name = master_client("default"), f"tests-{uuid4().hex[:8]}"
    audience = {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.client.audience": API_CLIENT, "access.token.claim": "true"},
    }
    master.call(
        "POST",
        f"/{PLATFORM_REALM}/clients",
        body={
            "clientId": name,
            "secret": "a-secret-of-a-program-without-power",
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
            "protocolMappers": [audience],
        },
    )
    [found] = master.call("GET", f"/{PLATFORM_REALM}/clients", params={"clientId": name}).body
    yield fetch_token(name, "a-secret-of-a-program-without-power")
    master.call("DELETE", f"/{PLATFORM_REALM}/clients/{found['id']}")


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_nothing_without_a_token(stranger: Api, method: str, address: str) -> None:
    answer = stranger.send(method, address, b"{}")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:plexica:problem:not-authenticated"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer a b",
        "Basic cGxleGljYTpzZWNyZXQ=",
        "Bearer " + "x" * 10_000,
        "Bearer ü",
    ],
)
def test_nothing_with_a_token_that_is_none(stranger: Api, authorization: str) -> None:
    answer = stranger.send("GET", TENANTS, authorization=authorization)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_nothing_with_a_token_that_was_changed(token: str) -> None:
    header, claims, signature = token.split(".")
    for changed in (
        unsigned(token),
        f"{header}.{claims}.",
        f"{header}.{claims}.{signature[::-1]}",
        f"{header}.{claims[:-4]}AAAA.{signature}",
    ):
        assert Api(changed).get().status_code == 401


def test_a_token_is_not_taken_from_the_address_or_a_cookie(token: str) -> None:
    client = Client(SERVER_NAME="localhost")
    client.cookies["access_token"] = token
    assert client.get(TENANTS, {"access_token": token}).status_code == 401


def test_a_program_without_the_role_is_refused(powerless_token: str) -> None:
    powerless = Api(powerless_token)
    for answer in (powerless.get(), powerless.post(new_tenant("power"))):
        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:plexica:problem:permission-missing"
        assert "permission" not in answer.json()
    assert not Tenant.objects.filter(slug=f"{PREFIX}power").exists()


def test_the_realms_of_the_master_open_nothing(platform: Servers) -> None:
    del platform
    account = master_client("default").account
    assert Api(get_token(account)).get().status_code == 401


@pytest.mark.parametrize(
    "address", ["/api/", "/api/nothing", "/api/tenants/a/b", "/api/a/", "/api/%00"]
)
def test_an_address_that_leads_nowhere_is_a_problem(api: Api, address: str) -> None:
    for method in ("GET", "POST"):
        answer = api.send(method, address, b"{}")
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["request_id"]


def test_refuses_to_answer_in_another_language_than_json(api: Api) -> None:
    for accept in ("text/html", "application/xml", "application/json; indent=nonsense"):
        answer = api.send("GET", TENANTS, accept=accept)
        assert answer.status_code in {200, 406}
        assert "json" in answer["Content-Type"]
    answer = api.send("GET", TENANTS, accept="text/html")
    assert answer.status_code == 406
    assert answer.json()["type"] == "urn:plexica:problem:not-acceptable"


def test_head_and_options_say_what_there_is(api: Api) -> None:
    head = api.send("HEAD", TENANTS)
    assert (head.status_code, head.content) == (200, b"")
    options = api.send("OPTIONS", TENANTS)
    assert options.status_code == 200
    assert options["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_slash_too_many_leads_to_the_address_without(api: Api, method: str) -> None:
    for path in (TENANTS, f"{TENANTS}/acme", f"{TENANTS}/acme/runs"):
        answer = api.send(method, f"{path}/?page_size=1", b"{}")
        assert answer.status_code == 308
        assert answer["Location"] == f"{settings.PLEXICA_CONSOLE_URL}{path}?page_size=1"


@pytest.mark.parametrize(
    "path",
    [f"{TENANTS}//evil.example/", f"{TENANTS}/%0d%0aX: y/", f"{TENANTS}//"],
)
def test_a_slash_leads_nowhere_else(api: Api, path: str) -> None:
    answer = api.send("GET", path)
    assert answer.status_code == 404


def test_the_description_is_open_to_all(stranger: Api) -> None:
    answer = stranger.get("/api/schema/")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi")
    as_json = stranger.send("GET", "/api/schema/", accept="application/vnd.oai.openapi+json")
    assert as_json.json()["openapi"] == "3.1.0"
    assert set(as_json.json()["paths"]) >= {TENANTS, f"{TENANTS}/{{slug}}/runs/{{run_id}}/retry"}


def test_the_page_of_the_description_has_nothing_inline_and_nothing_from_elsewhere(
    stranger: Api,
) -> None:
    answer = stranger.get("/api/docs/")
    assert answer.status_code == 200
    page = answer.content.decode()
    scripts = re.findall(r"<script(.*?)>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    assert all("src=" in attributes and not body for attributes, body in scripts)
    assert "<style" not in page
    assert " style=" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    script = stranger.send("GET", html.unescape(re.findall(r'src="(/api/[^"]+)"', page)[0]))
    assert script["Content-Type"].startswith("application/javascript")
    assert "'unsafe" not in answer["Content-Security-Policy"]


def test_the_description_refuses_what_it_cannot_do_with_a_problem(stranger: Api) -> None:
    for address in ("/api/schema/", "/api/docs/"):
        assert stranger.send("POST", address, b"{}").json()["status"] == 405
        refused = stranger.send("GET", address, accept="image/png")
        assert refused["Content-Type"] == "application/problem+json"
        assert refused.json()["status"] == 406
