"""The page that is made from the settings of a manifest."""

from http import HTTPStatus

import pytest

from plexica.core.scope import platform_scope
from plugins.secrets import secret_settings
from tenants.models import Tenant
from tests.integration.workspace.conftest import Member
from tests.integration.workspace.plugins.conftest import FILLED, SECRET, of, page

URL = "/plugins/notes/settings/"


@pytest.mark.usefixtures("installed")
def test_are_shown_without_secrets_and_changed(ada: Member, acme: Tenant) -> None:
    text = page(ada.client.get(URL))
    assert SECRET not in text
    assert "nobody can read it back. Leave the field empty to keep it" in text
    assert 'value="notes@acme.example"' in text
    assert 'max="9"' in text
    unchanged = {
        "set_mailbox": "notes@acme.example",
        "set_greeting": "Hello",
        "set_pages": "3",
        "set_share": "",
        "set_loud": "on",
        "set_colour": '"red"',
        "set_token": "",
    }
    ada.client.post(URL, unchanged)
    now = of(acme)
    assert now is not None
    assert now.settings == {"mailbox": "notes@acme.example"}
    answer = ada.client.post(
        URL, unchanged | {"set_pages": "5", "set_share": "0.5", "set_token": "another"}
    )
    assert answer.headers["Location"] == "/plugins/notes/"
    now = of(acme)
    assert now is not None
    assert now.settings == {"mailbox": "notes@acme.example", "pages": 5, "share": 0.5}
    with platform_scope():
        assert secret_settings(installation=now) == {"token": "another"}
    ada.client.post(URL, unchanged | {"set_pages": "", "remove_token": "on"})
    now = of(acme)
    assert now is not None
    assert now.settings == {"mailbox": "notes@acme.example"}
    with platform_scope():
        assert secret_settings(installation=now) == {}
    assert "It is not set." in page(ada.client.get(URL))


@pytest.mark.usefixtures("installed")
def test_what_is_wrong_is_said_and_nothing_changes(ada: Member, acme: Tenant) -> None:
    right = {k: v for k, v in FILLED.items() if k != "set_token"}
    for wrong, words in (
        ({"set_mailbox": ""}, "required"),
        ({"set_pages": "0"}, "greater than or equal to 1"),
        ({"set_token": "n3w-one", "remove_token": "on"}, "Either give another one"),
        ({"set_token": "x" * 1001}, "at most 1000"),
        ({"set_nothing": "x"}, "Unknown field"),
    ):
        text = page(ada.client.post(URL, right | wrong), HTTPStatus.BAD_REQUEST)
        assert words in text, words
        assert wrong.get("set_token", SECRET) not in text
    now = of(acme)
    assert now is not None
    assert now.settings == {"mailbox": "notes@acme.example"}
