"""What is not the gateway's is not let in, and what is, counts for its own request alone."""

import json
import time

import pytest

from plexica_sdk.testing import ADA, CY, RunningBackend, claims_of, sign_claims

READ, WRITE = "hello:notes:read", "hello:notes:write"


def _refused(backend: RunningBackend, context: str, target: str = "/") -> str:
    answer = backend.send("GET", target, context)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    return str(answer.json()["detail"])


def _context(backend: RunningBackend, target: str = "/") -> str:
    installation = backend.host.installations["acme"]
    claims = claims_of(
        backend.host.backend,
        installation,
        method="GET",
        target=target,
        user=ADA.user,
        permissions=[READ],
    )
    return sign_claims(claims, backend.host.backend.secret)


def test_without_a_context_nothing_is_answered(hello: RunningBackend) -> None:
    assert "missing" in _refused(hello, "")
    assert "missing" in _refused(hello, "", "/there/is/nothing/here")
    assert hello.send("POST", "/_plexica/migrate").status_code == 401


def test_a_forged_context_is_refused(hello: RunningBackend) -> None:
    answer = hello.ask("GET", "/", member=ADA, permissions=[READ], secret=b"\x00" * 32)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "changes",
    [{"aud": "another"}, {"exp": int(time.time()) - 1}, {"iat": int(time.time()) + 600}],
    ids=["another's", "over", "to come"],
)
def test_a_context_that_does_not_count_here_or_now_is_refused(
    hello: RunningBackend, changes: dict[str, object]
) -> None:
    answer = hello.ask("GET", "/", member=ADA, permissions=[READ], changes=changes)

    assert answer.status_code == 401


def test_a_context_is_good_for_its_own_target(hello: RunningBackend) -> None:
    assert "another request" in _refused(hello, _context(hello, "/widget/"), "/")
    assert "another request" in _refused(hello, _context(hello, "/"), "/?all=1")
    assert hello.send("GET", "/?a=%20b", _context(hello, "/?a=%20b")).status_code == 200


def test_a_context_is_good_once(hello: RunningBackend) -> None:
    context = _context(hello)

    assert hello.send("GET", "/", context).status_code == 200
    assert "used before" in _refused(hello, context)


def test_addresses_begin_with_the_prefix_that_the_gateway_names(hello: RunningBackend) -> None:
    def page(prefix: str) -> str:
        return hello.ask(
            "GET", "/", member=ADA, permissions=[READ, WRITE], headers={"Plexica-Prefix": prefix}
        ).text

    assert 'action="/x/hello/notes/"' in page("/x/hello")
    assert 'action="/api/x/hello/notes/"' in page("/api/x/hello")
    assert "not one of this plugin" in page("https://elsewhere.example")


def test_programs_get_problems_and_people_get_sentences(hello: RunningBackend) -> None:
    page = hello.ask("GET", "/nowhere", member=ADA)
    program = hello.ask("GET", "/nowhere", member=ADA, via="api")

    assert (page.status_code, page.text) == (404, "<p>There is nothing here.</p>")
    assert (program.status_code, program.json()["detail"]) == (404, "There is nothing here.")


def test_the_log_is_json_with_the_requests_id_and_without_secrets(hello: RunningBackend) -> None:
    claims = {"req": {"method": "GET", "target": "/?q=private", "id": "the-request-of-this-test"}}
    hello.ask("GET", "/?q=private", member=CY, permissions=[READ], changes=claims)

    lines = [json.loads(line) for line in hello.log.splitlines()]
    mine = [line for line in lines if line.get("request_id") == "the-request-of-this-test"]
    assert [line["tenant"] for line in mine] == ["globex"]
    assert mine[0]["message"].startswith("GET / (page): 200 in ")
    for secret in ("private", hello.host.installations["globex"].token):
        assert secret not in hello.log
