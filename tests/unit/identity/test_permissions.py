"""What a user may do is asked of whoever registered to know."""

import pytest

from plexica.identity import hooks, permissions
from plexica.identity.models import User


@pytest.fixture(autouse=True)
def _nobody_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_registered", [])
    monkeypatch.setattr(hooks, "_hooks", [])


def member_may_read(_user: User, permission: str) -> bool:
    return permission == "crm:deals:read"


def test_without_a_checker_nobody_may_do_anything() -> None:
    assert not User().has_perm("crm:deals:read")


def test_checker_decides() -> None:
    permissions.register_permission_checker(member_may_read)
    permissions.register_permission_checker(member_may_read)
    user = User()
    assert user.has_perm("crm:deals:read")
    assert not user.has_perm("crm:deals:write")
    assert not user.has_perms(["crm:deals:read", "crm:deals:write"])
    assert not user.has_module_perms("crm")


def test_disabled_user_may_do_nothing() -> None:
    permissions.register_permission_checker(member_may_read)
    assert not User(is_active=False).has_perm("crm:deals:read")


def test_second_checker_is_refused() -> None:
    permissions.register_permission_checker(member_may_read)
    with pytest.raises(RuntimeError):
        permissions.register_permission_checker(lambda _user, _permission: True)


def test_login_hooks_run_in_order_and_once_each() -> None:
    calls: list[str] = []

    def first(*, user: User, claims: dict[str, object]) -> None:
        calls.append(f"first {user.email} {claims['sub']}")

    def second(*, user: User, claims: dict[str, object]) -> None:
        calls.append("second")

    for hook in (first, second, first):
        hooks.register_login_hook(hook)
    hooks.run_login_hooks(user=User(email="ada"), claims={"sub": "x"})
    assert calls == ["first ada x", "second"]


def test_session_is_tied_to_the_person_in_the_realm() -> None:
    ada = User(issuer="http://realm", subject="ada").get_session_auth_hash()
    assert ada == User(issuer="http://realm", subject="ada").get_session_auth_hash()
    assert ada != User(issuer="http://realm", subject="bo").get_session_auth_hash()
    assert ada != User(issuer="http://other", subject="ada").get_session_auth_hash()
