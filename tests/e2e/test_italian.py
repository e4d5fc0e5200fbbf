"""Somebody whose browser speaks Italian works in Italian from the first page on."""

from collections.abc import Callable

from django.utils import translation
from django.utils.translation import gettext as _
from playwright.sync_api import expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person, invitation_link
from tests.integration.identity.browser import PASSWORD, set_password

Come = Callable[..., Person]


def test_an_italian_invites_somebody(app: App, acme: Tenant, person: Come) -> None:
    set_password(acme, acme.owner_email)
    ada = person(language="it-IT")
    page = ada.page
    page.goto(f"{acme.workspace_url}/users/")
    ada.log_in(acme.owner_email, PASSWORD)
    with translation.override("it"):
        assert _("People") != "People"
        expect(page.get_by_role("heading", level=1, name=_("People"))).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "it")
        page.get_by_role("link", name=_("Invite people")).click()
        page.get_by_label(_("E-mail addresses")).fill("italo@acme.example")
        page.get_by_role("button", name=_("Send invitations")).click()
        expect(page.locator("#person-table")).to_contain_text("italo@acme.example")
        expect(page.locator("#person-table")).to_contain_text(_("Invited"))
        # What is refused is told in Italian too.
        ada.expect_problem("status of 404")
        page.goto(f"{acme.workspace_url}/there/is/no/such/page/")
        expect(page.get_by_role("heading", name=_("There is nothing here"))).to_be_visible()
    assert invitation_link(app.mail_url, "italo@acme.example", realm="acme")
