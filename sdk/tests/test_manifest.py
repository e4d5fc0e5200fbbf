"""The manifest: what is right is read, and each mistake is named with its line and field."""

import json
import tomllib
from contextlib import suppress
from typing import Any

import pytest
from conftest import MANIFEST
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from plexica_sdk.errors import ManifestInvalid, Problem
from plexica_sdk.manifest import MAX_BYTES, manifest_of, manifest_schema, parse_manifest
from plexica_sdk.toml_lines import locate
from plexica_sdk.versions import Version


def problems(content: str | bytes) -> list[Problem]:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(raw)
    return list(caught.value.problems)


def spoilt(old: str, new: str) -> str:
    assert MANIFEST.count(old) >= 1
    return MANIFEST.replace(old, new, 1)


def test_a_manifest_is_read_whole() -> None:
    found = parse_manifest(MANIFEST.encode())
    assert (found.slug, str(found.version), found.licence) == ("hello", "0.1.0", "Apache-2.0")
    assert found.below_version == Version.parse("1.0.0")
    assert found.uses == ("users:read", "events")
    assert (found.runtime.command[0], found.runtime.memory_mb) == ("python", 128)
    assert [permission.roles for permission in found.permissions] == [("admin", "member"), ()]
    assert [(route.method, route.api) for route in found.routes] == [("GET", False), ("POST", True)]
    assert found.document["settings"]["properties"]["token"]["secret"] is True


def test_it_is_the_same_from_what_was_stored() -> None:
    found = parse_manifest(MANIFEST.encode())
    assert manifest_of(json.loads(json.dumps(found.document))) == found


MISTAKES = {
    "no TOML": (spoilt('slug = "hello"', "slug = hello"), 4, "", "This is not TOML"),
    "no TOML at the end": (MANIFEST + "[", 85, "", "This is not TOML"),
    "a key twice": (spoilt('name = "Hello"', 'slug = "x"'), 5, "", "This is not TOML"),
    "unknown table": (MANIFEST + "\n[extra]\n", 86, "extra", "no such field"),
    "unknown field": (spoilt("icon =", "icom ="), 10, "plugin.icom", "no such field"),
    "another format": (spoilt("manifest = 1", "manifest = 2"), 1, "manifest", "has to be 1"),
    "no slug": (spoilt('slug = "hello"\n', ""), 3, "plugin", "is missing: slug"),
    "a short slug": (spoilt('"hello"', '"ab"'), 4, "plugin.slug", "fewest characters are 3"),
    "a long slug": (spoilt('"hello"', f'"{"a" * 25}"'), 4, "plugin.slug", "most characters are 24"),
    "a bad slug": (spoilt('"hello"', '"he--llo"'), 4, "plugin.slug", "single hyphens"),
    "no version": (spoilt('"0.1.0"', '"0.1"'), 6, "plugin.version", "Write a version"),
    "no text": (spoilt('"Ada"', "7"), 8, "plugin.author", "has to be a string"),
    "a control character": (spoilt('"Ada"', '"A\\u0000"'), 8, "plugin.author", "printable"),
    "a date": (spoilt('"Ada"', "2026-01-01"), 8, "plugin.author", "dates and times as strings"),
    "an odd licence": (spoilt('"Apache-2.0"', '"(c) me!"'), 9, "plugin.licence", "SPDX"),
    "too many categories": (
        spoilt('["example"]', '["a", "b", "c", "d", "e", "f"]'),
        11, "plugin.categories", "most entries are 5",
    ),
    "an unknown use": (spoilt('"events"]', '"root"]'), 16, "host.uses[1]", "has to be"),
    "the same use twice": (
        spoilt('"users:read", "events"', '"events", "events"'), 16, "host.uses", "twice",
    ),
    "too little memory": (
        spoilt("[runtime]\n", "[runtime]\nmemory_mb = 1\n"),
        19, "runtime.memory_mb", "smallest value is 32",
    ),
    "an unknown role": (
        spoilt('"admin", "member"', '"admin",\n  "owner"'), 26, "permissions[0].roles[1]", "has to",
    ),
    "a bad method": (spoilt('"POST"', '"post"'), 38, "routes[1].method", "has to be"),
    "a relative path": (spoilt('"/greetings', '"greetings'), 39, "routes[1].path", "Write a path"),
    "a path that climbs": (
        spoilt('"/greetings/{id}/"', '"/../core/"'), 39, "routes[1].path", "Write a path",
    ),
    "services": (
        MANIFEST + '\n[services]\nprovides = [{ name = "x" }]\n',
        87, "services.provides", "kept for a later version",
    ),
    "a setting's name": (
        MANIFEST.replace("properties.greeting", 'properties."Ä"'),
        71, "settings.properties", "Use lower-case letters",
    ),
    "a number that is none": (
        spoilt("[runtime]\n", "[runtime]\ncpu = nan\n"), 19, "runtime.cpu", "not one of JSON's",
    ),
    "a number that is too large": (
        spoilt("[runtime]\n", "[runtime]\nmemory_mb = 99999999999999999\n"),
        19, "runtime.memory_mb", "too large",
    ),
    # What the parts say of each other.
    "a reserved slug": (spoilt('"hello"', '"core"'), 4, "plugin.slug", "platform's own"),
    "no icon's file": (spoilt('"icon.svg"', '"icon.gif"'), 10, "plugin.icon", "SVG or a PNG"),
    "no host that would do": (
        spoilt('below_version = "1.0.0"', 'below_version = "0.1.0-a"'),
        15, "host.below_version", "no version would do",
    ),
    "command and image": (
        spoilt("[runtime]\n", f'[runtime]\nimage = "a@sha256:{"0" * 64}"\n'),
        18, "runtime", "either command or image",
    ),
    "somebody else's permission": (
        spoilt('"hello:greetings:read"\nlabel', '"core:users:read"\nlabel'),
        22, "permissions[0].key", "begins with hello:",
    ),
    "a permission that is not there": (
        spoilt('path = "/"\npermission = "hello:greetings:read"',
               'path = "/"\npermission = "hello:greetings:reed"'),
        35, "routes[0].permission", "no such permission",
    ),
    "two routes in one": (
        MANIFEST + '\n[[routes]]\nmethod = "POST"\npath = "/greetings/{other}/"\n'
        'permission = "hello:greetings:write"\n',
        86, "routes[2]", "same requests",
    ),
    "a parameter twice": (
        spoilt("/greetings/{id}/", "/greetings/{id}/{id}/"), 39, "routes[1].path", "of its own",
    ),
    "a route of the host's own": (
        spoilt("/greetings/{id}/", "/_plexica/migrate"), 39, "routes[1].path", "by the host only",
    ),
    "an event of the host's own": (
        spoilt('"/events/tenant"', '"/_plexica/ready"'),
        66, "events.subscribes[0].path", "by the host only",
    ),
    "a page without a route": (
        spoilt('label = "Hello"\npath = "/"', 'label = "Hello"\npath = "/no"'),
        48, "ui.navigation[0].path", "no GET route",
    ),
    "a module that is none": (
        spoilt("js/hello.js", "js/hello.py"), 53, "ui.pages[0].module", "ends with .js",
    ),
    "a style sheet that is none": (
        spoilt('module = "js/hello.js"', 'style = "js/hello.js"'),
        53, "ui.pages[0].style", "ends with .css",
    ),
    "somebody else's event": (
        spoilt('"hello.greeted"', '"tenant.greeted"'), 61, "events.publishes[0].type", "begins",
    ),
    "an event by a route": (
        spoilt('"/events/tenant"', '"/greetings/1/"'), 66, "events.subscribes[0].path", "A route",
    ),
    "events that were not asked for": (
        spoilt('"users:read", "events"', '"users:read"'), 60, "events", "host.uses",
    ),
    "a required setting": (
        spoilt('["token"]', '["tokem"]'), 69, "settings.required[0]", "no such setting",
    ),
    "a secret with a default": (
        spoilt("secret = true", 'secret = true\ndefault = "x"'),
        81, "settings.properties.token.default", "could read this secret",
    ),
    "a default of another type": (
        spoilt('default = "Hello"', "default = 1"),
        74, "settings.properties.greeting.default", "of the type string",
    ),
    "a default that is not allowed": (
        spoilt("maxLength = 50", "maxLength = 3"),
        74, "settings.properties.greeting.default", "does not allow",
    ),
    "bounds of another type": (
        spoilt("maxLength = 50", "minimum = 1"),
        75, "settings.properties.greeting.minimum", "no meaning",
    ),
    "migrations of no kind": (
        spoilt('apps = ["hello"]', 'directory = "sql"'), 82, "migrations", "needs apps",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "line", "field", "words"), MISTAKES.values(), ids=MISTAKES.keys()
)
def test_a_mistake_is_named(content: str, line: int, field: str, words: str) -> None:
    found = [
        problem
        for problem in problems(content)
        if problem.field == field and words in problem.message
    ]
    assert len(found) == 1, [str(problem) for problem in problems(content)]
    assert found[0].line == line


def test_all_mistakes_are_named_at_once() -> None:
    found = problems(spoilt('"hello"', '"ab"').replace('"Ada"', "7"))
    assert [problem.field for problem in found] == ["plugin.slug", "plugin.author"]
    assert str(found[0]) == "line 4: plugin.slug: The fewest characters are 3."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"a = 1\n" * MAX_BYTES,
        b"a = " + b"[" * 5000,
        b"a = " + b"9" * 5000,
        b"a." * 100_000 + b"a = 1",
    ],
    ids=[
        "empty",
        "no UTF-8",
        "too large",
        "too deep",
        "a number without an end",
        "a key without an end",
    ],
)
def test_what_is_hostile_is_refused(content: bytes) -> None:
    assert problems(content)


def test_nesting_that_toml_takes_has_an_end_too() -> None:
    assert any("nested" in problem.message for problem in problems("a = " + "[" * 40 + "]" * 40))


@given(st.binary(max_size=200))
def test_nothing_but_a_refusal_comes_of_rubbish(content: bytes) -> None:
    assert problems(content)


@given(st.integers(0, len(MANIFEST) - 1), st.sampled_from(list("\0\n\"'[]{}=.#,1a é")))
def test_one_changed_character_is_read_or_refused(position: int, symbol: str) -> None:
    content = MANIFEST[:position] + symbol + MANIFEST[position + 1 :]
    with suppress(ManifestInvalid):
        parse_manifest(content.encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(sorted(manifest_schema()["properties"])),
    JSON,
)
def test_no_value_of_a_stored_document_does_harm(name: str, value: Any) -> None:
    document = {**tomllib.loads(MANIFEST), name: value}
    with suppress(ManifestInvalid):
        manifest_of(document)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(manifest_schema())


def test_every_pattern_has_words_and_every_field_a_description() -> None:
    def walk(schema: Any, name: str) -> None:
        if isinstance(schema, dict):
            if isinstance(schema.get("pattern"), str):
                assert schema.get("x-hint"), name
            for field, inner in schema.get("properties", {}).items():
                if isinstance(inner, dict) and not name.endswith("properties"):
                    assert inner.get("description"), f"{name}.{field}"
            for key, inner in schema.items():
                walk(inner, f"{name}.{key}")
        elif isinstance(schema, list):
            for inner in schema:
                walk(inner, name)

    walk(manifest_schema(), "")


def test_lines_are_found_in_all_forms_that_toml_has() -> None:
    text = '''# one
a.b = 1
"quoted key" = """
[no.table]
x = 1 \\"""
"""
lines = [
  1, # ]
  [2, 3],
  { x = "}", y = [
    4,
  ] },
]
literal = \'\'\'
'quoted' ''\'\'\'
[t.u]
when = 1979-05-27 07:32:00Z
v = 'a#b'
[[many]]
[[many]]
w = {}
[many.inner]
z = "\\\\"
'''
    tomllib.loads(text)
    found = locate(text)
    assert found[("a", "b")] == 2
    assert found[("quoted key",)] == 3
    assert found[("lines", 0)] == 8
    assert found[("lines", 1, 1)] == 9
    assert found[("lines", 2, "y", 0)] == 11
    assert found[("literal",)] == 14
    assert found[("t", "u", "when")] == 17
    assert found[("t", "u", "v")] == 18
    assert found[("many", 0)] == 19
    assert found[("many", 1, "w")] == 21
    assert found[("many", 1, "inner", "z")] == 23
