"""Installing, from the consent to the end of the run."""

import re
from http import HTTPStatus

import pytest

from plexica.core.scope import platform_scope
from plugins.models import Backend
from plugins.secrets import secret_settings
from plugins.states import BackendState, InstallationState
from tenants.models import Tenant
from tests.integration.workspace.conftest import Member
from tests.integration.workspace.plugins.conftest import (
    CONSENT,
    FILLED,
    SECRET,
    Publish,
    of,
    page,
    work,
)


def test_from_the_consent_to_the_enabled_plugin(
    ada: Member, acme: Tenant, publish: Publish
) -> None:
    publish()
    text = page(ada.client.get("/plugins/notes/install/"))
    assert 'name="agree"' in text
    assert "The first line of each note." in text
    assert re.search(r'name="set_token"[^>]*type="password"|type="password"[^>]*"set_token"', text)
    answer = ada.client.post("/plugins/notes/install/", CONSENT | FILLED)
    run_url = answer.headers["Location"]
    assert re.fullmatch(r"/plugins/notes/runs/[0-9a-f-]{36}/", run_url)
    text = page(ada.client.get(run_url))
    assert f'hx-get="{run_url}"' in text
    assert "Database schema" in text
    assert SECRET not in text
    fragment = page(ada.client.get(run_url, headers={"HX-Request": "true"}))
    assert fragment.lstrip().startswith('<div id="run"')
    assert "Work in progress" in page(ada.client.get("/plugins/notes/"))
    work(acme)
    text = page(ada.client.get(run_url))
    assert "hx-get" not in text.partition('id="run"')[2].partition(">")[0]
    assert "Notes is installed" in text
    now = of(acme)
    assert now is not None
    assert now.state == InstallationState.ENABLED
    assert now.uses == ["users:read"]
    # What was left as it stood has the manifest's default, now and after an upgrade; the box
    # that was not ticked is a "no".
    assert now.settings == {
        "mailbox": "notes@acme.example",
        "greeting": "Ciao",
        "colour": "blue",
        "loud": False,
    }
    with platform_scope():
        assert secret_settings(installation=now) == {"token": SECRET}
    assert ada.client.get("/plugins/notes/install/").headers["Location"] == "/plugins/notes/"


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"version": "1.0.0"}, 400, "Agree to what it asks for"),
        ({"agree": "on"}, 400, ""),
        (CONSENT | {"version": "0.9.0"}, 409, "Another version is offered by now"),
        (CONSENT | {"set_mailbox": ""}, 400, "required"),
        (CONSENT | {"set_mailbox": "nobody"}, 400, "valid email"),
        (CONSENT | {"set_pages": "10"}, 400, "less than or equal to 9"),
        (CONSENT | {"set_pages": "many"}, 400, "whole number"),
        (CONSENT | {"set_share": "nan"}, 400, "Enter a number"),
        (CONSENT | {"set_greeting": "x" * 21}, 400, "at most 20"),
        (CONSENT | {"set_greeting": "a\u202eb"}, 400, "printable"),
        (CONSENT | {"set_colour": '"green"'}, 400, "valid choice"),
        (CONSENT | {"set_unknown": "x"}, 400, "Unknown field"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_begins(
    values: dict[str, str], status: int, words: str, ada: Member, acme: Tenant, publish: Publish
) -> None:
    publish()
    answer = ada.client.post("/plugins/notes/install/", FILLED | values)
    text = page(answer, HTTPStatus(status))
    assert words in text
    assert SECRET not in text
    assert "notes@acme.example" in text or "set_mailbox" in values
    assert of(acme) is None


def test_consent_to_another_version_is_asked_again(ada: Member, publish: Publish) -> None:
    publish()
    publish("1.1.0", uses=("users:read", "mail"))
    text = page(ada.client.post("/plugins/notes/install/", FILLED | CONSENT), HTTPStatus.CONFLICT)
    assert 'name="version" value="1.1.0"' in text
    assert "Send mail to your people" in text
    assert not re.search(r'name="agree"[^>]*checked', text)


def test_failure_says_what_happened_and_is_tried_again_or_dismissed(
    ada: Member, acme: Tenant, publish: Publish
) -> None:
    release = publish(is_ready=False)
    first = ada.client.post("/plugins/notes/install/", FILLED | CONSENT).headers["Location"]
    work(acme)
    text = page(ada.client.get(first))
    assert "“Backend of the plugin” failed" in text
    assert "Everything was taken back" in text
    assert f'action="{first}retry/"' in text
    assert "It could not be installed" in page(ada.client.get("/plugins/notes/"))
    second = ada.client.post(f"{first}retry/").headers["Location"]
    assert second not in {first, "/plugins/notes/"}
    work(acme)
    assert "/retry/" not in page(ada.client.get(first))
    answer = ada.client.post(f"{first}retry/", follow=True)
    assert "A later run has taken the place" in page(answer)
    with platform_scope():
        Backend.objects.update_or_create(release=release, defaults={"state": BackendState.READY})
    ada.client.post(f"{second}retry/")
    work(acme)
    now = of(acme)
    assert now is not None
    assert now.state == InstallationState.ENABLED
    assert now.settings["greeting"] == "Ciao"


def test_dismissed_failure_is_gone(ada: Member, acme: Tenant, publish: Publish) -> None:
    publish(is_ready=False)
    run = ada.client.post("/plugins/notes/install/", FILLED | CONSENT).headers["Location"]
    work(acme)
    assert "/plugins/notes/dismiss/" in page(ada.client.get(run))
    text = page(ada.client.post("/plugins/notes/dismiss/", follow=True))
    assert 'href="/plugins/notes/install/"' in text
    assert of(acme) is None
    assert page(ada.client.get(run))
