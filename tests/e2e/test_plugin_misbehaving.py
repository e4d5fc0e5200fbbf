"""Plugins that misbehave, seen by somebody at a browser: nothing else is harmed by any of them.

What is looked for is what the browser asks for and what becomes of the page, not what a script of
ours says of it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, expect

from plexica.core.scope import role_name
from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.hostile import CALM, END, MENU, PEOPLE, PLANTED, RUDE, Visit, X, operated, visited
from tests.environment import ROOT
from tests.integration.plugins.misbehaving import doing, saying


@pytest.fixture(scope="module")
def visit(app: App, acme: Tenant, browser: Browser) -> Iterator[Visit]:
    """Ada, with a plugin that is rude and another that is not."""
    with operated(app, RUDE, CALM, tenant=acme), visited(acme, browser) as ada:
        yield ada


def get(html: str, **headers: str) -> str:
    """Return HTML that asks the plugin for other HTML as soon as it is there."""
    path = saying(html, headers=headers) if headers else saying(html)
    return f'<div hx-get="{X}{path}" hx-trigger="load">asks</div>'


_OUT = "</div>" * 8 + "</main>" + "</div>" * 8


@pytest.mark.parametrize(
    "html",
    [
        PEOPLE,
        f'<div data-plugin-prefix="/users">{PEOPLE}</div>',
        f'{_OUT}<div data-plugin="users" data-plugin-prefix="/users">{PEOPLE}</div>',
        f'<form data-plugin-prefix="/users"><input name="dataset"><input name="contains">{PEOPLE}'
        "</form>",
        '<p hx-post="/profile/theme/" hx-vals=\'{"theme": "dark"}\' hx-trigger="load">theme</p>',
        f'<p hx-get="{X}/../../users/" hx-trigger="load">dots</p>',
        f'<p hx-get="{X}er/" hx-trigger="load">longer</p>',
    ],
    ids=["plain", "own mark", "broken out", "clobbered", "post", "dots", "longer name"],
)
def test_it_asks_nobody_else_in_the_persons_name(visit: Visit, html: str) -> None:
    visit.show(html)
    assert visit.strayed == []
    assert any("is not the plugin's" in line for line in visit.warnings)


@pytest.mark.parametrize(
    "html",
    [
        get(f'<div hx-swap-oob="beforeend:{MENU}">{PLANTED}</div>'),
        get(f'<template><div hx-swap-oob="beforeend:{MENU}">{PLANTED}</div></template>'),
        get(PLANTED, **{"HX-Retarget": MENU}),
        get(PLANTED, **{"HX-Retarget": "body", "HX-Reswap": "beforeend"}),
        get("", **{"HX-Location": f'{{"path": "{saying(PLANTED)}", "target": "{MENU}"}}'}),
        f'<div hx-get="{X}{saying(PLANTED)}" hx-trigger="load" hx-target="{MENU}">asks</div>',
        f'<div hx-get="{X}{saying(PLANTED)}" hx-trigger="load"'
        f' hx-select-oob="#planted:beforeend:{MENU}">asks</div>',
        get('<nav id="navbar-menu" hx-preserve="true">menu</nav>'),
    ],
    ids=["oob", "in a template", "retarget", "body", "location", "target", "select", "preserve"],
)
def test_its_answers_stay_in_its_place(visit: Visit, html: str) -> None:
    visit.show(html)
    # What was asked for before is answered before, but a page that leads on asks once more.
    visit.page.wait_for_load_state("networkidle")
    assert visit.page.locator(f"{MENU} #planted").count() == 0
    assert visit.page.locator("body > #planted").count() == 0
    assert visit.page.locator(f"header {MENU}").count() == 1
    assert visit.page.locator("[data-plugin] a[href='/plugins/']").count() == 0


def test_what_it_may_it_can(visit: Visit) -> None:
    inner = get(f'<p id="inner">one {get("<b id=deep>two</b>")}</p>')
    visit.show(f'{inner}<form method="get" action="{X}/"><button>Go on</button></form>')
    expect(visit.page.locator("[data-plugin] #deep")).to_have_text("two")
    visit.show(get("", **{"HX-Location": saying("<p id=led>led</p>")}), end="")
    expect(visit.page.locator("[data-plugin] #led")).to_have_text("led")
    expect(visit.page.locator(MENU)).to_be_visible()
    visit.show(f'<form method="get" action="{X}/"><button>Go on</button></form>')
    visit.page.get_by_role("button", name="Go on").click()
    expect(visit.page.get_by_text(f"This is {RUDE}.")).to_be_visible()


@pytest.mark.parametrize(
    "form",
    [
        '<form action="/users/"><button>Win</button></form>',
        '<form action="/users/"><input name="getAttribute"><button>Win</button></form>',
        f'<form action="{X}/"><button formaction="/users/">Win</button></form>',
        f'{_OUT}<form action="/users/"><button>Win</button></form>',
    ],
    ids=["plain", "clobbered", "of the button", "broken out"],
)
def test_its_forms_lead_to_itself(visit: Visit, form: str) -> None:
    visit.show(form, end="")
    visit.page.evaluate(
        "[...document.querySelectorAll('button')].find((found) => found.textContent === 'Win')"
        ".click()"
    )
    assert visit.strayed == []
    assert any("has a form that leads to /users/" in line for line in visit.warnings)


@pytest.mark.parametrize(
    "html",
    ["<script>document.title = 'won'</script>", '<MeTa http-equiv="refresh" content="0;url=/">'],
)
def test_what_acts_by_itself_is_refused(visit: Visit, html: str) -> None:
    visit.person.expect_problem("status of 502")
    visit.show(html, end="")
    expect(visit.page.get_by_text("This plugin has failed")).to_be_visible()
    expect(visit.page.locator(MENU)).to_be_visible()
    visit.show("", end=END)


def test_a_handler_does_not_run(visit: Visit) -> None:
    visit.person.expect_problem("Content Security Policy")
    visit.person.expect_problem("status of 404")
    visit.show('<img src="/x/none" alt="" onerror="document.title = \'won\'">')
    assert visit.page.title() != "won"


def test_a_fragment_that_fails_says_so_in_its_place(visit: Visit) -> None:
    visit.person.expect_problem("status of 502")
    failing = f'<div id="part" hx-get="{X}{doing("1 / 0")}" hx-trigger="load">asks</div>'
    visit.show(failing)
    part = visit.page.locator("#part")
    expect(part).to_contain_text("This plugin has failed")
    expect(part).to_contain_text("works as usual")
    expect(visit.page.locator("#connection-lost")).to_be_hidden()
    visit.page.screenshot(path=ROOT / "screenshots" / "plugin-fragment-fails.png")


def test_a_widget_keeps_to_its_card(visit: Visit) -> None:
    """The host asks for widgets; what they ask for themselves is theirs."""
    page = visit.page
    page.goto(f"{visit.base}/")
    expect(page.get_by_text(f"All is well with {RUDE}.")).to_be_visible()
    expect(page.get_by_text(f"All is well with {CALM}.")).to_be_visible()
    mine = f"#widget-{RUDE}-news"
    theirs = f"#widget-{CALM}-news"
    visit.asked.clear()
    bad = (
        get(f'<div hx-swap-oob="innerHTML:{theirs}">{PLANTED}</div>')
        + get(PLANTED, **{"HX-Retarget": theirs})
        + get("", **{"HX-Location": f'{{"path": "{saying(PLANTED)}", "target": "{theirs}"}}'})
        + f'<div data-plugin data-plugin-prefix="/users">{PEOPLE}</div>'
        + END
    )
    # As if it had been the widget's answer: HTMX sets it in, as it does that.
    page.evaluate(
        "([path, target]) => htmx.ajax('get', path, {source: target, target})",
        [X + saying(bad), mine],
    )
    expect(page.locator("#end")).to_have_text(f"This is {RUDE}.")
    page.wait_for_load_state("networkidle")
    assert visit.strayed == []
    expect(page.locator(theirs)).to_have_text(f"All is well with {CALM}.")
    assert page.locator("#planted").count() <= 1


_PIECES = (
    "[request.wfile.write(b'HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\n\\r\\n')]"
    " + [request.wfile.write(b'x' * 65536) for _ in range(1600)]"
)
_FOLDED = (
    'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: "a\r\n Set-Cookie: stolen=1"\r\n'
    "Content-Length: 2\r\n\r\nhi"
)
FAULTS = {
    "answers 100 MB": doing(_PIECES),
    "answers what is no HTTP": saying(raw="\x00\xff nothing\r\n\r\n"),
    "answers headers with new lines": saying(raw=_FOLDED),
    "answers a script": saying("alert(1)", headers={"Content-Type": "text/javascript"}),
    "answers a page of another type": saying("<p>", headers={"Content-Type": "text/xsl"}),
    "leads to an inner address": saying(
        status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}
    ),
    "leads to the host's own port": saying(
        status=302, headers={"Location": "http://127.0.0.1:8000/api/host/v1/installation"}
    ),
    "leads up": saying(status=302, headers={"Location": "/x/../users/"}),
    "fails": doing("1 / 0"),
    "dies": doing("os._exit(3)"),
}


def test_whatever_it_answers_is_calm_and_in_its_place(visit: Visit) -> None:
    visit.person.expect_problem("status of 502")
    visit.person.expect_problem("status of 503")
    for fault, path in FAULTS.items():
        visit.page.goto(visit.base + X + path)
        assert visit.page.url.startswith(visit.base), fault
        expect(visit.page.get_by_text("This plugin has failed")).to_be_visible()
        expect(visit.page.get_by_text(f"Everything but “{RUDE.title()}” works")).to_be_visible()
        expect(visit.page.locator(MENU)).to_be_visible()
        visit.page.screenshot(path=ROOT / "screenshots" / f"plugin {fault}.png")
        if fault == "dies":
            # It is started again by itself; meanwhile all else is there.
            visit.page.goto(f"{visit.base}/")
            expect(visit.page.get_by_text(f"All is well with {CALM}.")).to_be_visible()
            wait_until_there(visit)
        visit.go_on()


def wait_until_there(visit: Visit) -> None:
    ends_at = time.monotonic() + 60
    while not visit.page.goto(f"{visit.base}{X}/").ok:  # type: ignore[union-attr] # a page comes
        assert time.monotonic() < ends_at
        time.sleep(0.3)


def test_what_it_sets_beside_its_answer_stays_behind(visit: Visit) -> None:
    headers = {
        "Set-Cookie": "stolen=1; Path=/",
        "Content-Security-Policy": "script-src *",
        "Refresh": "0; url=http://169.254.169.254/",
        "Access-Control-Allow-Origin": "*",
    }
    answer = visit.page.goto(visit.base + X + saying(f"</div></main></body>{END}", headers=headers))
    assert answer is not None
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert not {"set-cookie", "refresh", "access-control-allow-origin"} & {
        name for name, value in answer.headers.items() if "stolen" in value or name == "refresh"
    }
    assert "access-control-allow-origin" not in answer.headers
    assert "stolen" not in {each["name"] for each in visit.person.context.cookies()}
    expect(visit.page.locator(MENU)).to_be_visible()


def test_it_reaches_nothing_of_others(visit: Visit, acme: Tenant, globex: Tenant) -> None:
    def said(code: str) -> str:
        visit.page.goto(visit.base + X + doing(code))
        return visit.page.locator("#said").inner_text()

    owner = role_name("owner")
    for statement in (
        f"SELECT 1 FROM {globex.schema_name}.identity_user",
        f"SELECT 1 FROM {acme.schema_name}.identity_user",
        f"SELECT 1 FROM {acme.schema_name}__{CALM}.notes",
        "SELECT 1 FROM public.tenants_tenant",
        "CREATE TABLE public.mine (id int)",
        f"SET ROLE {owner}",
        f"SET ROLE {globex.database_role}",
        "COPY notes TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/passwd')",
    ):
        assert "permission denied" in said(f'sql(me["token"], """{statement}""")'), statement
    assert said('sql(me["token"], "SELECT 1 FROM notes")') == '["done"]'

    token = 'me["token"]'
    assert '"slug": "acme"' in said(f"json.loads(host('/installation', {token})[1])")
    forged = f"{token}[:10] + 'x' + {token}[11:]"
    context = 'request.headers["Plexica-Context"]'
    for code, status in (
        (f"host('/installation', {forged})", 401),
        (f"host('/installation', {context})", 401),
        (f"host('/mails', {token}, method='POST', body=b'{{}}')", 403),
        (f"host('/files/..%2F{CALM}%2Fa', {token})", 404),
        (f"host('/installation', {token}, Host='globex.localhost')", 404),
    ):
        assert said(f"{code}[0]") == str(status), code
    # Whoever it says that it calls for: it is its own tenant's people that it is told of.
    people = said(f"host('/users', {token}, **{{'X-Forwarded-Host': 'globex.localhost'}})[1]")
    assert acme.owner_email in people
    assert globex.owner_email not in people


def test_one_that_hangs_leaves_the_others_their_threads(
    app: App, visit: Visit, record_property: Callable[[str, object], None]
) -> None:
    parts = urlsplit(visit.base)
    cookies = "; ".join(
        f"{each['name']}={each['value']}" for each in visit.person.context.cookies(visit.base)
    )

    def ask(path: str) -> tuple[int, float]:
        began = time.monotonic()
        answer = requests.get(
            f"http://127.0.0.1:{parts.port}{path}",
            headers={"Host": parts.netloc, "Cookie": cookies},
            timeout=60,
        )
        return answer.status_code, time.monotonic() - began

    def dashboards(until: Callable[[], bool]) -> list[float]:
        times = []
        while not until() or len(times) < 5:
            status, seconds = ask("/")
            assert status == requests.codes.ok
            times.append(seconds)
        return sorted(times)

    before = dashboards(lambda: True)
    began, is_over = threading.Event(), threading.Event()

    def hang() -> list[int]:
        began.set()
        return [ask(X + doing("time.sleep(30)"))[0]]

    with ThreadPoolExecutor(51) as pool:
        asked = [pool.submit(hang) for _ in range(50)]
        began.wait(10)
        meanwhile = pool.submit(dashboards, is_over.is_set)
        statuses = [status for each in asked for status in each.result(60)]
        is_over.set()
        during = meanwhile.result(60)
    record_property("dashboard_before", before)
    record_property("dashboard_during", during)
    assert statuses.count(504) <= 6
    assert set(statuses) == {503, 504}
    median_before, median_during = before[len(before) // 2], during[len(during) // 2]
    assert median_during < 2 * median_before + 0.2, (before, during)
    # The first one comes while all fifty do.
    assert during[-1] < 5, during
    assert ask(f"/x/{CALM}/")[0] == requests.codes.ok
