"""What is refused stays refused: in every process at its next request, and while Redis is down."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from deploy.local.control import start_part, stop_part
from plexica.core import shared_cache
from plexica.core.scope import platform_scope
from plexica.identity.browser_sessions import end_at_realms_word, end_everywhere
from plexica.identity.jwt import keys, remembered
from plexica.identity.jwt.bearer import validate_bearer
from plexica.identity.models import User
from plexica.identity.providers import tenant_provider
from plexica.rbac.engine import forget_snapshots
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers
from tests.integration.workspace.api.conftest import (
    ACCOUNTS,
    ADA,
    ME,
    Issue,
    Program,
    make_known,
    token_of_account,
    tokens_of_person,
)
from tests.integration.workspace.api.other_process import OtherProcess

HOST = "acme.localhost"


@pytest.fixture(scope="module")
def other() -> Iterator[OtherProcess]:
    process = OtherProcess()
    yield process
    process.close()


def test_a_revoked_program_is_refused_by_the_next_request_of_another_process(
    acme: Tenant, ada: Program, issue: Issue, other: OtherProcess
) -> None:
    issued = issue("viewer")
    token = token_of_account(acme, issued)
    assert [other.get(HOST, ME, token) for _ in range(3)] == [200] * 3
    ada.post(f"{ACCOUNTS}/{issued['account']['id']}/revoke", {})
    assert other.get(HOST, ME, token) == 401


def test_a_role_that_is_taken_is_gone_for_the_next_request_of_another_process(
    acme: Tenant, ada: Program, issue: Issue, other: OtherProcess
) -> None:
    issued = issue("admin")
    token = token_of_account(acme, issued)
    assert other.get(HOST, ACCOUNTS, token) == 200
    ada.send("PATCH", f"{ACCOUNTS}/{issued['account']['id']}", {"roles": ["viewer"]})
    assert other.get(HOST, ACCOUNTS, token) == 403


def test_a_disabled_person_is_refused_by_the_next_request_of_another_process(
    ada_token: str, other: OtherProcess, disable: Callable[[str], None]
) -> None:
    assert other.get(HOST, ME, ada_token) == 200
    disable(ADA)
    assert other.get(HOST, ME, ada_token) == 401


def test_a_suspended_tenant_is_closed_by_the_next_request_of_another_process(
    acme: Tenant, ada_token: str, other: OtherProcess
) -> None:
    assert other.get(HOST, ME, ada_token) == 200
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(state="SUSPENDED")
        try:
            assert other.get(HOST, ME, ada_token) == 403
        finally:
            Tenant.objects.filter(pk=acme.pk).update(state="ACTIVE")


def test_what_redis_says_of_a_token_lets_nobody_in(
    acme: Tenant, ada: Program, issue: Issue
) -> None:
    """Redis as it was before the revocation, as after a copy of its data was put back."""
    issued = issue("admin")
    token = token_of_account(acme, issued)
    program = Program(acme, token)
    assert program.get(ACCOUNTS).status_code == 200
    redis = cache.client.get_client()
    before = {key: redis.dump(key) for key in redis.keys("t_acme:*")}
    ada.post(f"{ACCOUNTS}/{issued['account']['id']}/revoke", {})
    for key, value in before.items():
        redis.restore(key, 60_000, value, replace=True)
    for forget in (remembered.forget_tokens, forget_snapshots):
        forget()
    assert program.get(ACCOUNTS).status_code == 401


@pytest.fixture
def redis_down(servers: Servers) -> Iterator[Callable[[], None]]:
    """Stop the real Redis when asked to, and have it again afterwards."""

    def stop() -> None:
        stop_part(servers.instance, "redis")
        # Nothing is left in the process that would hide it.
        for forget in (remembered.forget_tokens, forget_snapshots):
            forget()
        keys.forget_keys_here()

    yield stop
    start_part(servers.instance, "redis")
    shared_cache._away_until = 0.0  # noqa: SLF001 (later tests need not wait)


def test_without_redis_tokens_are_checked_and_what_was_refused_stays_so(
    acme: Tenant,
    ada: Program,
    issue: Issue,
    redis_down: Callable[[], None],
    other: OtherProcess,
) -> None:
    good, revoked, disabled = (issue("viewer") for _number in range(3))
    tokens = [token_of_account(acme, issued) for issued in (good, revoked, disabled)]
    assert [other.get(HOST, ME, token) for token in tokens] == [200] * 3
    ada.post(f"{ACCOUNTS}/{revoked['account']['id']}/revoke", {})
    redis_down()
    with tenant_scope(acme):
        User.objects.filter(pk=disabled["account"]["id"]).update(is_active=False)
    for ask in (
        lambda token: Program(acme, token).get().status_code,
        lambda token: other.get(HOST, ME, token),
    ):
        assert [ask(token) for token in tokens] == [200, 401, 401]
        assert ask(f"{tokens[0][:-6]}AAAAAA") == 401
    assert Program(acme, tokens[0]).get(ACCOUNTS).status_code == 403
    # A revocation needs no Redis either.
    ada.post(f"{ACCOUNTS}/{good['account']['id']}/revoke", {})
    assert other.get(HOST, ME, tokens[0]) == 401


# Sessions that have ended


def test_a_token_of_a_session_that_has_ended_is_refused_by_another_process(
    acme: Tenant, other: OtherProcess
) -> None:
    make_known(acme, ADA, "owner")
    ended, goes_on = (tokens_of_person(acme, ADA)["access_token"] for _number in range(2))
    assert [other.get(HOST, ME, token) for token in (ended, goes_on)] == [200, 200]
    provider = tenant_provider(acme)
    with tenant_scope(acme):
        claims = validate_bearer(ended, provider)
        end_at_realms_word(
            issuer=provider.issuer, subject=claims["sub"], realm_session=claims["sid"]
        )
    assert [other.get(HOST, ME, token) for token in (ended, goes_on)] == [401, 200]
    assert Program(acme, ended).get().status_code == 401


def test_tokens_of_one_who_logged_out_everywhere_are_refused_and_later_ones_are_not(
    acme: Tenant, other: OtherProcess
) -> None:
    user = make_known(acme, ADA, "owner")
    # One of a session that no browser of Plexica's has, as of another client.
    token = tokens_of_person(acme, ADA)["access_token"]
    assert other.get(HOST, ME, token) == 200
    with tenant_scope(acme):
        end_everywhere(user=user)
    assert other.get(HOST, ME, token) == 401
    with tenant_scope(acme):
        # As it is a second later.
        User.objects.filter(pk=user.pk).update(
            sessions_ended_at=timezone.now() - timedelta(seconds=1)
        )
    later = tokens_of_person(acme, ADA)["access_token"]
    assert other.get(HOST, ME, later) == 200


def test_a_session_that_ended_is_refused_while_redis_is_down(
    acme: Tenant, redis_down: Callable[[], None], other: OtherProcess
) -> None:
    make_known(acme, ADA, "owner")
    token = tokens_of_person(acme, ADA)["access_token"]
    assert other.get(HOST, ME, token) == 200
    provider = tenant_provider(acme)
    with tenant_scope(acme):
        claims = validate_bearer(token, provider)
        end_at_realms_word(
            issuer=provider.issuer, subject=claims["sub"], realm_session=claims["sid"]
        )
    redis_down()
    assert other.get(HOST, ME, token) == 401
    assert Program(acme, token).get().status_code == 401
