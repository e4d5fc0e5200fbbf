"""The plugins' places in the menu, and their pieces of the dashboard."""

import pytest

from plugins.models import Installation
from plugins.states import InstallationState
from tests.integration.plugins.gateway.backend import RunningBackend
from tests.integration.plugins.gateway.conftest import set_state
from tests.integration.workspace.conftest import Member, come

pytestmark = pytest.mark.usefixtures("installation")
_WIDGET = "widget-hello-latest"


def page(member: Member, path: str = "/") -> str:
    answer = member.client.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_menu_leads_to_plugins(ada: Member, backend: RunningBackend) -> None:
    assert 'href="/x/hello/">' in page(ada)
    assert 'href="/x/hello/" aria-current="page">' in page(ada, "/x/hello/")


def test_the_dashboard_asks_no_plugin(ada: Member, backend: RunningBackend) -> None:
    found = page(ada)
    assert f'<div id="{_WIDGET}"' in found
    assert 'hx-get="/x/hello/notes"' in found
    assert "Latest greetings" in found
    assert not backend.seen


def test_a_widget_is_asked_for_as_one(ada: Member, backend: RunningBackend) -> None:
    headers = {"HX-Request": "true", "HX-Target": _WIDGET}
    answer = ada.client.get("/x/hello/notes", headers=headers)
    assert answer.content == b"<p id=hello>Hello Ada</p>"
    assert backend.last.claims["via"] == "widget"
    ada.client.get("/x/hello/", headers=headers)
    assert backend.last.claims["via"] == "fragment"


def test_a_widget_that_fails_says_so_in_its_place(ada: Member) -> None:
    answer = ada.client.get("/x/hello/notes", headers={"HX-Request": "true", "HX-Target": _WIDGET})
    assert answer.status_code == 503
    assert answer["Plexica-Notice"] == "1"
    assert "This plugin does not answer at the moment" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert page(ada)


def test_only_what_one_may_see_is_shown(acme: object, ada: Member, bo: Member, cy: Member) -> None:
    assert "Greetings" in page(bo)
    nobody = come(ada.tenant, "Nora", "viewer")
    for member in (nobody, cy):
        assert "Greetings" not in page(member)
        assert _WIDGET not in page(member)


def test_what_is_disabled_is_shown_no_more(ada: Member, installation: Installation) -> None:
    set_state(installation, InstallationState.DISABLED)
    assert "Greetings" not in page(ada)
    assert _WIDGET not in page(ada)
