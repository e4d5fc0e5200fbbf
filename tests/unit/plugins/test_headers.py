"""Which headers pass between browser and backend, and where the addresses in them may lead."""

import json
from email.message import Message

import pytest

from plugins.gateway.failures import BackendBroken
from plugins.gateway.headers import check_html, headers_to_browser, lead_back, media_type

_PREFIX = "/x/hello"


def answer(**headers: str) -> Message:
    made = Message()
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    return made


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/", "/x/hello/"),
        ("/notes/7?a=b#c", "/x/hello/notes/7?a=b#c"),
        ("/x/hello", "/x/hello"),
        ("/x/hello/notes", "/x/hello/notes"),
        ("/x/hello2/notes", "/x/hello/x/hello2/notes"),
        ("/users/", "/x/hello/users/"),
        ("/notes?next=http://evil.example/../", "/x/hello/notes?next=http://evil.example/../"),
        ("/a%20b", "/x/hello/a%20b"),
    ],
)
def test_addresses_lead_back_into_the_plugin(address: str, expected: str) -> None:
    assert lead_back(address, _PREFIX) == expected


@pytest.mark.parametrize(
    "address",
    [
        "",
        "notes",
        "http://evil.example/",
        "https:/evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/%5cevil.example/",
        "/x/hello/../../users/",
        "/x/hello/%2e%2e/%2E%2e/users/",
        "/x/hello/.%2e/users/",
        "/x/hello/./a",
        "javascript:alert(1)",
        "data:text/html,x",
        "/a\tb",
        "/a\nSet-Cookie: session=stolen",
        "/a%0d%0ab",
        "/è",
        "/a b",
        "http://[",
    ],
)
def test_addresses_that_lead_elsewhere_are_refused(address: str) -> None:
    with pytest.raises(BackendBroken):
        lead_back(address, _PREFIX)


@pytest.mark.parametrize(
    "name", ["Location", "HX-Location", "HX-Push-Url", "HX-Redirect", "HX-Replace-Url"]
)
def test_each_header_with_an_address_is_looked_at(name: str) -> None:
    headers = Message()
    headers[name] = "/notes"
    assert headers_to_browser(headers, prefix=_PREFIX)[name] == "/x/hello/notes"
    headers.replace_header(name, "https://evil.example/")
    with pytest.raises(BackendBroken):
        headers_to_browser(headers, prefix=_PREFIX)


def test_of_a_location_in_json_path_and_target_pass() -> None:
    asked = {
        "path": "/notes",
        "target": "#list",
        "headers": {"X-Evil": "1"},
        "values": {"csrfmiddlewaretoken": "x"},
        "source": "body",
    }
    passed = headers_to_browser(answer(HX_Location=json.dumps(asked)), prefix=_PREFIX)
    assert json.loads(passed["HX-Location"]) == {"path": "/x/hello/notes", "target": "#list"}
    for bad in ('{"path": "//evil.example"}', "{}", "{", '{"path": 1}', "{" * 5000):
        with pytest.raises(BackendBroken):
            headers_to_browser(answer(HX_Location=bad), prefix=_PREFIX)


def test_the_address_bar_may_be_left_alone() -> None:
    passed = headers_to_browser(answer(HX_Push_Url="false"), prefix=_PREFIX)
    assert passed["HX-Push-Url"] == "false"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "private, no-cache"),
        ("public, max-age=60", "private, max-age=60"),
        ("Public, S-MaxAge=60, max-age=5", "private, max-age=5"),
        ("private, no-store", "private, no-store"),
    ],
)
def test_no_shared_cache_keeps_an_answer(given: str, expected: str) -> None:
    headers = answer(Cache_Control=given) if given else Message()
    assert headers_to_browser(headers, prefix=_PREFIX)["Cache-Control"] == expected


def test_only_what_is_listed_passes() -> None:
    headers = answer(
        Set_Cookie="session=stolen",
        Content_Security_Policy="script-src *",
        Access_Control_Allow_Origin="*",
        Refresh="0; url=http://evil.example",
        Link="<http://evil.example/x.css>; rel=stylesheet",
        ETag='"1"',
    )
    assert headers_to_browser(headers, prefix=_PREFIX) == {
        "ETag": '"1"',
        "Cache-Control": "private, no-cache",
    }
    with pytest.raises(BackendBroken):
        headers_to_browser(answer(ETag="x" * 9000), prefix=_PREFIX)


@pytest.mark.parametrize(
    "given",
    [
        "text/javascript",
        "application/javascript; charset=utf-8",
        "APPLICATION/ECMASCRIPT",
        "text/css",
        "image/svg+xml",
        "application/xml",
        "application/xhtml+xml",
        "text/xml",
        "nonsense",
        "text/html\tx",
        "",
    ],
)
def test_what_a_browser_could_run_is_refused(given: str) -> None:
    with pytest.raises(BackendBroken):
        media_type(answer(Content_Type=given), has_body=True)


@pytest.mark.parametrize(
    "given", ["text/html", "text/csv; charset=utf-8", "application/json", "image/png"]
)
def test_what_is_only_shown_passes(given: str) -> None:
    assert media_type(answer(Content_Type=given), has_body=True) == given
    assert media_type(Message(), has_body=False) == ""


@pytest.mark.parametrize("name", ["HX-Trigger", "HX-Trigger-After-Swap", "HX-Trigger-After-Settle"])
def test_an_event_is_told_where_it_was_asked_for(name: str) -> None:
    for value in ("saved, closed", '{"saved": {"id": 1}, "closed": null}'):
        assert headers_to_browser(answer(**{name: value}), prefix=_PREFIX)[name] == value
    for value in ('{"submit": {"target": "#theme"}}', "{", '{"a": '):
        with pytest.raises(BackendBroken):
            headers_to_browser(answer(**{name: value}), prefix=_PREFIX)


@pytest.mark.parametrize(
    "html", ["<script>", "<SCRIPT src=x>", "<p><meta\tx>", "<base/>", "a<body\n>", "<html x>"]
)
def test_html_that_acts_by_itself_is_refused(html: str) -> None:
    with pytest.raises(BackendBroken):
        check_html(html)


def test_words_about_html_are_words() -> None:
    check_html("<p>&lt;script&gt;, <b>meta</b>, < script>, <scripted>, <metal-x></p>")
