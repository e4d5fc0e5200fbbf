"""The API over real HTTP: a program's token, the web server, the worker, the real servers."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from plexica.core.scope import platform_scope
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.keycloak.tokens import get_token
from tenants.models import Tenant
from tests.e2e.api import Api
from tests.e2e.conftest import App

Sign = Callable[..., str]
# A quick answer among slow ones, on a machine that may be busy.
AT_ONCE_SECONDS = 5


def new(slug: str, **values: Any) -> dict[str, Any]:
    return {"slug": slug, "name": slug.title(), "owner_email": f"ada@{slug}.example", **values}


def states(api: Api) -> dict[str, str]:
    page = api.get(f"{api.tenants_url}?page_size=100").json()
    return {tenant["slug"]: tenant["state"] for tenant in page["results"]}


def wait_for_all(api: Api, slugs: list[str], state: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while {states(api).get(slug) for slug in slugs} != {state}:
        assert time.monotonic() < deadline, states(api)
        time.sleep(0.2)


def test_who_waits_gets_the_whole_tenant_and_the_same_answer_again(
    api: Api, tidy: list[str]
) -> None:
    tidy.append("initech")
    headers = {"Prefer": "wait=30", "Idempotency-Key": "initech-1"}
    answer = api.create(new("initech"), **headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["tenant"]["state"] == "ACTIVE"
    assert answer.headers["Location"] == f"{api.tenants_url}/initech"
    assert api.get(answer.headers["Location"]).json()["state"] == "ACTIVE"

    again = api.create(new("initech"), **headers)
    assert again.status_code == 201
    assert again.json()["run"]["id"] == answer.json()["run"]["id"]
    assert api.create(new("initech", name="Other"), **headers).status_code == 422
    assert states(api) == {"initech": "ACTIVE"}


def test_who_does_not_wait_is_told_where_to_look(api: Api, tidy: list[str]) -> None:
    tidy.append("initech")
    answer = api.create(new("initech"))
    assert answer.status_code == 202
    run_url = answer.headers["Location"]
    wait_for_all(api, ["initech"], "ACTIVE")
    run = api.get(run_url).json()
    assert run["state"] == "SUCCEEDED"
    assert [step["state"] for step in run["steps"]] == ["DONE"] * 5


def test_ten_at_once_all_become_active(api: Api, tidy: list[str]) -> None:
    slugs = [f"many-{number}" for number in range(10)]
    tidy.extend(slugs)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda slug: api.create(new(slug)), slugs))
    assert {answer.status_code for answer in answers} == {202}
    wait_for_all(api, slugs, "ACTIVE")


def test_of_two_at_once_for_one_slug_one_wins(api: Api, tidy: list[str]) -> None:
    tidy.append("raced")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: api.create(new("raced"), Prefer="wait=30"), range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


def test_those_who_wait_keep_nobody_else_waiting(app: App, api: Api, tidy: list[str]) -> None:
    """The provisioner is stopped, so that whoever may wait does so for the whole time."""
    slugs = [f"wait-{number}" for number in range(4)]
    tidy.extend([*slugs, "wait-no-more"])
    app.stop("provisioner")
    try:
        with ThreadPoolExecutor(len(slugs)) as pool:
            waiters = [pool.submit(api.create, new(slug), Prefer="wait=8") for slug in slugs]
            while len(states(api)) < len(slugs):
                Event().wait(0.05)
            for call, status in (
                (api.get, 200),
                (lambda: api.create(new("wait-no-more"), Prefer="wait=8"), 202),
            ):
                started = time.monotonic()
                assert call().status_code == status
                assert time.monotonic() - started < AT_ONCE_SECONDS
            assert not any(waiter.done() for waiter in waiters), "Nobody waited."
            assert [waiter.result().status_code for waiter in waiters] == [202] * 4
    finally:
        app.start("provisioner")
    wait_for_all(api, [*slugs, "wait-no-more"], "ACTIVE")


def test_a_failed_creation_is_a_problem_that_leads_to_its_run_and_can_be_tried_again(
    app: App, api: Api, tidy: list[str]
) -> None:
    tidy.append("initech")
    app.stop("s3")
    try:
        answer = api.create(new("initech"), Prefer="wait=30")
    finally:
        app.start("s3")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["failed_step"] == "bucket"
    assert app.s3_endpoint_url.rpartition("/")[2] not in answer.text
    assert api.get(problem["run"]).json()["error"] == problem["detail"]
    assert api.retry(problem["run"]).status_code == 202
    wait_for_all(api, ["initech"], "ACTIVE")


def test_without_redis_a_creation_is_accepted_and_made_once_redis_is_back(
    app: App, api: Api, tidy: list[str]
) -> None:
    tidy.append("initech")
    app.stop("redis")
    try:
        answer = api.create(new("initech"))
    finally:
        app.start("redis")
    assert answer.status_code == 202, answer.text
    wait_for_all(api, ["initech"], "ACTIVE")


@pytest.fixture
def sign(api: Api) -> Iterator[Sign]:
    """Sign tokens with a key that the platform's realm publishes as one of its own."""
    keycloak, key = master_client("default"), RSAKey.generate_key(2048, private=True)
    component = keycloak.call(
        "POST",
        "/plexica/components",
        body={
            "name": "tests",
            "providerId": "rsa",
            "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": keycloak.get_realm("plexica")["id"],
            "config": {
                "privateKey": [key.as_pem(private=True).decode()],
                "priority": ["-1"],
                "algorithm": ["RS256"],
            },
        },
    ).created_id
    keys = keycloak.call("GET", "/plexica/keys").body["keys"]
    [key_id] = [each["kid"] for each in keys if each["providerId"] == component]
    claims = json.loads(base64.urlsafe_b64decode(api.token.split(".")[1] + "=="))

    def make(**changes: Any) -> str:
        header = {"alg": "RS256", "kid": key_id, "typ": "JWT"}
        return str(jwt.encode(header, claims | changes, key))

    yield make
    keycloak.call("DELETE", f"/plexica/components/{component}")


def unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."


def test_no_token_but_a_good_one_changes_anything(
    app: App, api: Api, acme: Tenant, sign: Sign, tidy: list[str]
) -> None:
    tidy.append("forged")
    now = int(time.time())
    with platform_scope():
        of_acme = get_token(realm_client(acme).account)
    refused = {
        "none": unsigned(api.token),
        "of acme's realm": of_acme,
        "of the master realm": get_token(master_client("default").account),
        "expired": sign(exp=now - 60, iat=now - 360),
        "not valid yet": sign(nbf=now + 300),
        "for another audience": sign(aud=["plexica-console", "account"]),
        "for nobody": sign(aud=None),
        "of another issuer": sign(iss=f"{app.keycloak_url}/realms/acme"),
        "an ID token": sign(typ="ID"),
    }
    powerless = sign(realm_access={"roles": ["default-roles-plexica"]})
    before = states(api)
    # The web server learns of the new key at its first sight; that proves the others' refusal.
    assert Api(app.console_url, sign()).get().status_code == 200
    statuses = {
        name: Api(app.console_url, token).create(new("forged")).status_code
        for name, token in refused.items()
    }
    assert statuses == dict.fromkeys(refused, 401)
    assert Api(app.console_url, powerless).create(new("forged")).status_code == 403
    assert states(api) == before
