"""Reading `plexica-plugin.toml`: strictly, with the line and the field of each mistake."""

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError

from plexica_sdk.errors import ManifestInvalid, Problem
from plexica_sdk.rules import breaches
from plexica_sdk.toml_lines import Path, line_of, locate
from plexica_sdk.versions import Version

FILE_NAME = "plexica-plugin.toml"
MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_PROBLEMS = 50
MAX_DOTS = 100
# What JSON can carry from one program to another unchanged (RFC 8259, section 6).
MAX_INTEGER = 2**53

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_MAX_ECHO = 60
_KINDS = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "a table",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that a plugin adds."""

    key: str
    label: str
    description: str
    roles: tuple[str, ...] = ()

    @property
    def holders(self) -> tuple[str, ...]:
        """The roles that hold it from the installation on, beside owners.

        Admins hold what any other role does: nobody gives a role that gives more than they hold.
        """
        return ("admin", *self.roles) if self.roles and "admin" not in self.roles else self.roles


@dataclass(frozen=True, slots=True)
class Route:
    """A request that the gateway lets through."""

    method: str
    path: str
    permission: str
    api: bool = False


@dataclass(frozen=True, slots=True)
class Runtime:
    """What is run: a command, or an image; the other one is empty.

    Attributes:
        programs: The directory with programs that need nothing else, by platform; or empty.
    """

    command: tuple[str, ...] = ()
    programs: str = ""
    image: str = ""
    memory_mb: int = 128
    cpu: float = 0.25


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a plugin is, needs and brings.

    Attributes:
        document: All of it, as JSON has it: what is left out is not in it.
    """

    slug: str
    name: str
    version: Version
    description: str
    author: str
    licence: str
    icon: str
    categories: tuple[str, ...]
    min_version: Version
    below_version: Version | None
    uses: tuple[str, ...]
    runtime: Runtime
    permissions: tuple[Permission, ...]
    routes: tuple[Route, ...]
    static: str
    migrations: str
    document: Mapping[str, Any] = field(repr=False)


@lru_cache(maxsize=1)
def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of the manifest."""
    text = files("plexica_sdk").joinpath("manifest.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def parse_manifest(content: bytes) -> Manifest:
    """Return what a manifest says.

    Args:
        content: The file's bytes.

    Raises:
        ManifestInvalid: It is not acceptable; all that is wrong is named, each with its line.
    """
    if len(content) > MAX_BYTES:
        raise ManifestInvalid([Problem("", f"A manifest has {MAX_BYTES} bytes at most.")])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ManifestInvalid(
            [Problem("", "This is not UTF-8.", content[: error.start].count(b"\n") + 1)]
        ) from error
    document = _read_toml(text)
    problems = _problems(document)
    if problems:
        lines = locate(text)
        raise ManifestInvalid(
            sorted(
                (Problem(_name(path), message, line_of(lines, path)) for path, message in problems),
                key=lambda problem: problem.line or 0,
            )
        )
    return _manifest(document)


def manifest_of(document: Mapping[str, Any]) -> Manifest:
    """Return the manifest that a document of an earlier one is (`Manifest.document`).

    Raises:
        ManifestInvalid: It is not acceptable.
    """
    problems = _problems(document)
    if problems:
        raise ManifestInvalid([Problem(_name(path), message) for path, message in problems])
    return _manifest(document)


def _read_toml(text: str) -> dict[str, Any]:
    for number, written in enumerate(text.splitlines(), start=1):
        # A key of many parts takes memory by the square of their number.
        if written.count(".") > MAX_DOTS:
            raise ManifestInvalid([Problem("", "There are too many dots in a line.", number)])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _TOML_PLACE.search(message)
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise ManifestInvalid(
            [Problem("", f"This is not TOML: {_TOML_PLACE.sub('', message)}.", line)]
        ) from error
    except RecursionError as error:
        raise ManifestInvalid([Problem("", "This is nested too deeply.")]) from error
    except ValueError as error:
        # Python refuses to convert integers of thousands of digits.
        raise ManifestInvalid([Problem("", "A number is too long.")]) from error


def _problems(document: Mapping[str, Any]) -> list[tuple[Path, str]]:
    # Each of the three relies on what the one before it has found to be so.
    for found in (_not_json(document, ()), _schema_problems(document), breaches(document)):
        problems = [problem for problem, _ in zip(found, range(MAX_PROBLEMS), strict=False)]
        if problems:
            return problems
    return []


def _not_json(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if len(path) > MAX_DEPTH:
        yield path[:MAX_DEPTH], "This is nested too deeply."
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _not_json(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _not_json(inner, (*path, position))
    elif message := _explain_value(value, is_text=path[-1:] == ("description",)):
        yield path, message


def _explain_value(value: object, *, is_text: bool) -> str:
    if isinstance(value, str):
        odd = (symbol for symbol in value if not symbol.isprintable())
        return "Use printable characters only." if set(odd) - set("\n" * is_text) else ""
    if isinstance(value, float):
        return "" if math.isfinite(value) else "This number is not one of JSON's."
    if isinstance(value, int):
        return "" if abs(value) <= MAX_INTEGER else "This number is too large."
    return "Write dates and times as strings."


def _schema_problems(document: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    for error in Draft202012Validator(manifest_schema()).iter_errors(document):
        path: Path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and error.validator_value is False:
            known = error.schema["properties"]
            for name in error.instance:
                if name not in known:
                    yield (*path, name), "There is no such field."
        elif error.validator == "propertyNames" or "propertyNames" in error.absolute_schema_path:
            yield path, f"{_short(error.instance)}: {error.schema.get('x-hint', '')}"
        else:
            yield path, _words(error)


def _words(error: ValidationError) -> str:
    keyword, limit = str(error.validator), cast("Any", error.validator_value)
    if keyword == "required":
        missing = ", ".join(name for name in limit if name not in cast("Any", error.instance))
        return f"This is missing: {missing}."
    if keyword == "type":
        kinds = limit if isinstance(limit, list) else [limit]
        return f"This has to be {' or '.join(_KINDS[kind] for kind in kinds)}."
    if keyword in {"enum", "const"}:
        values = limit if isinstance(limit, list) else [limit]
        return f"This has to be {' or '.join(json.dumps(value) for value in values)}."
    if keyword == "pattern":
        return str(cast("Any", error.schema)["x-hint"])
    return _LIMITS_IN_WORDS.get((keyword, limit), f"{_LIMITS.get(keyword, '')} {limit}.")


_LIMITS_IN_WORDS = {
    ("minLength", 1): "This must not be empty.",
    ("minItems", 1): "This must not be empty.",
    ("maxItems", 0): "This must be empty: it is kept for a later version.",
    ("uniqueItems", True): "Something is there twice.",
}
_LIMITS = {
    "minLength": "The fewest characters are",
    "maxLength": "The most characters are",
    "minItems": "The fewest entries are",
    "maxItems": "The most entries are",
    "maxProperties": "The most entries are",
    "minimum": "The smallest value is",
    "maximum": "The largest value is",
}


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _MAX_ECHO else f"{text[:_MAX_ECHO]}…"


def _name(path: Path) -> str:
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{_short(part)}" if name else _short(part)
    return name


def _manifest(document: Mapping[str, Any]) -> Manifest:
    plugin, host, runtime = document["plugin"], document["host"], document["runtime"]
    below = host.get("below_version")
    return Manifest(
        slug=plugin["slug"],
        name=plugin["name"],
        version=Version.parse(plugin["version"]),
        description=plugin["description"],
        author=plugin["author"],
        licence=plugin["licence"],
        icon=plugin.get("icon", ""),
        categories=tuple(plugin.get("categories", ())),
        min_version=Version.parse(host["min_version"]),
        below_version=Version.parse(below) if below else None,
        uses=tuple(host.get("uses", ())),
        runtime=Runtime(**{**runtime, "command": tuple(runtime.get("command", ()))}),
        permissions=tuple(
            Permission(**{**permission, "roles": tuple(permission.get("roles", ()))})
            for permission in document.get("permissions", ())
        ),
        routes=tuple(Route(**route) for route in document.get("routes", ())),
        static=document.get("ui", {}).get("static", ""),
        migrations=document.get("migrations", {}).get("directory", ""),
        document=document,
    )
