"""The reference of the manifest as Markdown, made from its schema alone.

`python -m plexica_sdk.reference` prints it.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from plexica_sdk.manifest import FILE_NAME, manifest_schema

_HEADER = f"""# The manifest

`{FILE_NAME}` says what a plugin is, needs and brings; what it does not list, the platform
refuses. It is TOML, read strictly: an unknown field is a mistake, and `plexica-plugin check` names
line and field of each one. This page is made from the JSON Schema, which editors can use as well:
`plexica_sdk/manifest.schema.json` in the package `plexica-sdk`.

"""
_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "{} characters at most",
    "minItems": "at least {}",
    "maxItems": "{} at most",
    "maxProperties": "{} at most",
    "minimum": "at least {}",
    "maximum": "{} at most",
}


def manifest_reference() -> str:
    """Return the reference."""
    schema = manifest_schema()
    return _HEADER + "\n".join(_section("", schema)).rstrip() + "\n"


def _section(name: str, schema: dict[str, Any]) -> Iterator[str]:
    tables: list[tuple[str, dict[str, Any]]] = []
    if name:
        yield f"## `{name}`\n"
        yield f"{schema['description']}\n"
    yield "| field | what | |"
    yield "|---|---|---|"
    for field, found in schema["properties"].items():
        inner = _resolved(found)
        must = "**required**" if field in schema.get("required", ()) else ""
        notes = "; ".join(part for part in (must, *_notes(inner)) if part)
        yield f"| `{field}` | {_cell(inner['description'])} | {_cell(notes)} |"
        tables += _below(f"{name}.{field}" if name else field, inner)
    yield ""
    for place, table in tables:
        yield from _section(place, table)


def _below(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the tables that a field holds."""
    if schema.get("type") == "array":
        item = _resolved(schema["items"])
        if "properties" in item:
            yield f"[[{name}]]", item
    elif "properties" in schema:
        yield name, schema
    elif isinstance(schema.get("additionalProperties"), dict):
        yield f"{name}.<name>", _resolved(schema["additionalProperties"])


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with what it refers to."""
    found = dict(schema)
    for part in found.pop("allOf", ()):
        found |= manifest_schema()["$defs"][part["$ref"].rpartition("/")[2]]
    return found | schema


def _notes(schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("type") == "array":
        item = _resolved(schema["items"])
        if "enum" in item:
            yield "any of " + ", ".join(f"`{value}`" for value in item["enum"])
        yield from _bounds(schema)
        return
    if "const" in schema:
        yield f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        yield " or ".join(f"`{value}`" for value in schema["enum"])
    yield from _bounds(schema)
    if hint := schema.get("x-hint"):
        yield hint.rstrip(".")
    if "default" in schema:
        yield f"`{json.dumps(schema['default'])}` if left out"


def _bounds(schema: dict[str, Any]) -> Iterator[str]:
    for keyword, words in _LIMITS.items():
        if keyword in schema and schema[keyword] != 1:
            yield words.format(schema[keyword])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(manifest_reference())
