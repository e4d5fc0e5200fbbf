"""Walks every address of the URLconfs, with what is acme's in place of parameters."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from django.conf import settings
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver

from bench._isolation.cast import OTHERS_PLUGIN, Cast, Person, host_of
from bench._isolation.planting import Planted
from bench._isolation.watch import Watch

CONSOLE, WORKSPACE, INTERNAL = (
    f"plexica.urls_{name}" for name in ("console", "workspace", "internal")
)
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")
# These end the session that they are asked with, or the walk through the rest.
_LAST = re.compile(r"logout|session|everywhere")
_STATIC = (
    "/static/", "/static/../../plexica/settings/__init__.py", "/static/%2e%2e/manage.py",
    "/x-static/../acme/", "/theme/../../isolation/canary.txt", "/health", "/metrics", "/robots.txt",
)  # fmt: skip
# Headers by which a request might pass for one of another host.
_TRICKS: tuple[dict[str, str], ...] = (
    {"x-forwarded-host": "acme.localhost"},
    {"x-plexica-tenant": "acme"},
    {"forwarded": "host=acme.localhost"},
    {"x-original-url": "/", "x-host": "acme.localhost"},
)


@dataclass(frozen=True)
class Walk:
    """How much is walked.

    Attributes:
        methods: With which methods each address is asked.
        every: Of the addresses that strangers with something stolen ask for: one of so many.
        headers: With which headers, beside the host's.
    """

    methods: Sequence[str] = ("GET", "POST")
    every: int = 1
    headers: Sequence[dict[str, str]] = field(default=({},))


SHORT = Walk(methods=("GET",), every=5)
WHOLE = Walk(
    methods=("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
    headers=({}, {"hx-request": "true"}),
)


def walk_pages(
    watch: Watch, planted: Planted, cast: Cast, links: dict[str, str], walk: Walk
) -> None:
    """Ask for every address, as everybody, at their own host, at acme's, and at the console."""
    acme, globex = host_of(planted.acme), host_of(cast.globex)
    console = settings.PLEXICA_BASE_DOMAIN
    values = _values(planted, links)
    people = cast.people if walk is WHOLE else cast.people[:1]
    for person in people:
        _walk(watch, person, globex, WORKSPACE, values, walk, with_acmes_ids=True)
    for person in (*cast.strangers, *(people if walk is WHOLE else ())):
        _walk(watch, person, acme, WORKSPACE, values, walk)
        if walk is WHOLE or person.name == "nobody":
            _walk(watch, person, console, CONSOLE, values | {"slug": planted.acme.slug}, walk)
            _walk(watch, person, acme, INTERNAL, values, walk)
    for person in (cast.people[0], cast.strangers[0]):
        for path in _STATIC:
            for host in (acme, console):
                _ask(watch, person, host, "GET", path, {}, {})
        for trick in _TRICKS:
            for path in ("/", "/users/", "/files/", "/audit/", "/api/me"):
                _ask(watch, person, globex, "GET", path, {}, trick)


def _walk(
    watch: Watch,
    person: Person,
    host: str,
    urlconf: str,
    values: dict[str, str],
    walk: Walk,
    *,
    with_acmes_ids: bool = False,
) -> None:
    paths = sorted(paths_of(urlconf, values), key=lambda path: bool(_LAST.search(path)))
    if person.cookies and not with_acmes_ids:
        paths = paths[:: walk.every]
    # What is sent names acme's things, and is nothing that any form would take.
    form = {name: value for name, value in values.items() if name.endswith(("_id", "key", "link"))}
    form |= {"user": values["user_id"], "group": values["group_id"], "role": values["key"]}
    query = "&".join(f"{name}={value}" for name, value in form.items()) if with_acmes_ids else ""
    for path in paths:
        for method in walk.methods:
            for headers in walk.headers:
                _ask(watch, person, host, method, path, form, headers)
        if query and walk is WHOLE:
            _ask(watch, person, host, "GET", f"{path}?{query}", {}, {})
        if _LAST.search(path):
            person.come_again()


def _ask(
    watch: Watch,
    person: Person,
    host: str,
    method: str,
    path: str,
    form: dict[str, str],
    headers: dict[str, str],
) -> None:
    attempt = f"{person.name}, {method} {host}{path}"
    if not watch.wants(attempt):
        return
    browser = person.browser(host)
    if method == "POST":
        answer = browser.post(path, form, headers=headers)
    else:
        answer = browser.generic(method, path, headers=headers)
    watch.look("pages", attempt, contents(answer), answer=answer.status_code)


def contents(answer: HttpResponseBase) -> bytes:
    """Return all that an answer brings: its headers, cookies and body."""
    body = (
        b"".join(answer.streaming_content)  # type: ignore[attr-defined] # a streaming answer's
        if answer.streaming
        else answer.content  # type: ignore[attr-defined] # any other's
    )
    head = f"{dict(answer.items())} {answer.cookies}"
    return head.encode() + bytes(body)


def _values(planted: Planted, links: dict[str, str]) -> dict[str, str]:
    return {
        "user_id": planted.id_of("identity.User"),
        "group_id": planted.id_of("rbac.Group"),
        "account_id": planted.id_of("identity.User"),
        "entry_id": planted.id_of("audit.AuditEntry"),
        "run_id": planted.id_of("tenants.ProvisioningRun"),
        "visit_id": planted.id_of("tenants.SupportVisit"),
        "key_id": planted.id_of("tenants.SupportVisit"),
        "session_id": planted.id_of("identity.BrowserSession"),
        "key": str(getattr(planted.rows["rbac.Role"], "key")),  # noqa: B009 (a row of any model)
        "slug": OTHERS_PLUGIN,
        "plugin": OTHERS_PLUGIN,
        "path": planted.file,
        "version": "1.0.0",
        "link": links["acme's link"],
        "name": "picture.webp",
        "digits": "206bc4",
        "ending": "png",
        "token": "0" * 43,
        "digest": "0" * 64,
        "action": "suspend",
        "realm": planted.acme.realm,
    }


def paths_of(urlconf: str, values: dict[str, str]) -> Iterator[str]:
    """Find every address of a URLconf.

    Raises:
        KeyError: There is a parameter that nothing is known for.
    """
    for route in _routes(import_module(urlconf).urlpatterns, "/"):
        plain = _GROUP.sub(r"<\1>", route).replace("^", "").replace("$", "").replace("\\", "")
        yield _PARAMETER.sub(lambda found: values[found[1]], plain)


def _routes(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, route)
        else:
            yield route
