"""What a setting may be."""

from typing import Any

import pytest

from plexica.core.errors import InvalidInput
from plexica_sdk.manifest import Manifest, parse_manifest
from plugins.settings_values import check_settings

MANIFEST = b"""\
manifest = 1

[plugin]
slug = "notes"
name = "Notes"
version = "1.0.0"
description = "Keeps notes."
author = "Ada"
licence = "Apache-2.0"

[host]
min_version = "0.1.0"

[runtime]
command = ["python"]

[settings]
required = ["address", "token"]

[settings.properties.address]
type = "string"
title = "Address"
format = "email"

[settings.properties.token]
type = "string"
title = "Token"
secret = true
minLength = 3

[settings.properties.colour]
type = "string"
title = "Colour"
enum = ["red", "blue"]
default = "red"

[settings.properties.day]
type = "string"
title = "Day"
format = "date"

[settings.properties.site]
type = "string"
title = "Site"
format = "uri"

[settings.properties.many]
type = "integer"
title = "How many"
minimum = 1
maximum = 9
default = 3

[settings.properties.is_loud]
type = "boolean"
title = "Loud"
"""
GIVEN = {"address": "ada@acme.example", "token": "hunter2"}


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return parse_manifest(MANIFEST)


def _problems(manifest: Manifest, given: dict[str, Any], **kept: Any) -> dict[str, list[str]]:
    there: dict[str, Any] = {"plain": {}, "secrets": frozenset(), **kept}
    with pytest.raises(InvalidInput) as caught:
        check_settings(manifest, given, **there)
    return caught.value.fields


def test_secrets_are_kept_apart(manifest: Manifest) -> None:
    kept = check_settings(manifest, {**GIVEN, "many": 4}, plain={}, secrets=frozenset())
    assert kept.plain == {"address": "ada@acme.example", "many": 4}
    assert kept.secrets == {"token": "hunter2"}
    assert "hunter2" not in repr(kept)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("address", "ada"),
        ("token", "ab"),
        ("token", 3),
        ("colour", "green"),
        ("day", "2026-02-30"),
        ("day", "20260228"),
        ("site", "javascript:alert(1)"),
        ("many", 0),
        ("many", 10),
        ("many", 2.5),
        ("many", True),
        ("many", "4"),
        ("is_loud", 1),
        ("is_loud", {}),
        ("address", "a" * 1001),
        ("site", "https://a.example/\x00"),
        ("unknown", 1),
    ],
)
def test_a_wrong_value_is_named(manifest: Manifest, name: str, value: object) -> None:
    assert list(_problems(manifest, {**GIVEN, name: value})) == [name]


def test_what_is_required_cannot_be_left_out_or_taken_away(manifest: Manifest) -> None:
    assert set(_problems(manifest, {})) == {"address", "token"}
    kept = {"plain": {"address": "ada@acme.example"}, "secrets": frozenset({"token"})}
    assert set(_problems(manifest, {"token": None}, **kept)) == {"token"}
    assert check_settings(manifest, {"many": None}, **kept).plain == kept["plain"]  # type: ignore[arg-type] # as above


def test_what_a_release_does_not_know_any_more_is_dropped(manifest: Manifest) -> None:
    kept = check_settings(manifest, GIVEN, plain={"gone": 1}, secrets=frozenset({"gone_too"}))
    assert set(kept.plain) == {"address"}


def test_a_flood_of_names_gets_a_short_answer(manifest: Manifest) -> None:
    assert len(_problems(manifest, {f"name{number}": 1 for number in range(5000)})) < 30
