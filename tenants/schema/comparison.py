"""Two catalogs compared, in findings that say what is missing, different and too much."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tenants.parts import Difference, Finding
from tenants.schema.catalog import Catalog, Thing

# Difference, what, detail, can_repair.
_Difference: TypeAlias = tuple[Difference, str, str, bool]

PLAIN_COLUMN = re.compile(
    r"(?P<type>(?:(?! DEFAULT | NOT NULL$).)+)(?: DEFAULT (?P<default>.+?))?(?P<null> NOT NULL)?",
    re.DOTALL,
)
NOT_OURS = "Plexica did not make it. Find out whose it is, and remove it if it is nobody's."


def compare(part: str, expected: Catalog, found: Catalog) -> list[Finding]:
    """Return how a catalog differs from what it should be.

    Args:
        part: The name of the part that the findings are of.
        expected: What should be.
        found: What is.
    """
    comparisons: tuple[Callable[[Catalog, Catalog], Iterator[_Difference]], ...] = (
        compare_things,
        compare_rights,
        compare_migrations,
    )
    return [
        Finding(part=part, difference=difference, what=what, detail=detail, can_repair=can_repair)
        for comparison in comparisons
        for difference, what, detail, can_repair in comparison(expected, found)
    ]


def compare_things(expected: Catalog, found: Catalog) -> Iterator[_Difference]:
    """Compare the tables and all that belongs to them."""
    missing = expected.tables - found.tables
    extra = {thing.name for thing in found.things.keys() - expected.things.keys()}
    for thing, definition in expected.things.items():
        there = found.things.get(thing)
        if thing.parent in missing:
            continue
        if there is None:
            yield _missing(thing, definition)
        elif meaning(thing, there) != meaning(thing, definition):
            detail = f"Expected: {definition}. Found: {there}."
            yield (
                Difference.DIFFERENT,
                str(thing),
                detail,
                _is_redefinable(thing, definition, there),
            )
    for thing in found.things.keys() - expected.things.keys():
        if thing.parent not in extra:
            yield Difference.ORPHANED, str(thing), NOT_OURS, False


def compare_rights(expected: Catalog, found: Catalog) -> Iterator[_Difference]:
    """Compare what each role may do with what is expected to be there, and is."""
    compared = (expected.tables & found.tables) | {""}
    for grant in sorted(expected.rights.keys() | found.rights.keys()):
        if grant.table not in compared:
            continue
        should = expected.rights.get(grant, frozenset())
        has = found.rights.get(grant, frozenset())
        if should != has:
            difference = Difference.MISSING if has < should else Difference.DIFFERENT
            detail = f"Expected: {_listed(should)}. Found: {_listed(has)}."
            yield difference, str(grant), detail, True


def compare_migrations(expected: Catalog, found: Catalog) -> Iterator[_Difference]:
    """Compare the records of migrations."""
    for app, name in sorted(expected.migrations - found.migrations):
        detail = "It is not recorded. It is recorded again if its tables are all there."
        yield Difference.MISSING, f"migration {app}.{name}", detail, True
    for app, name in sorted(found.migrations - expected.migrations):
        detail = "It is recorded, and this version of Plexica has no such migration."
        yield Difference.ORPHANED, f"migration {app}.{name}", detail, False


def meaning(thing: Thing, definition: str) -> str:
    """Return what two definitions that mean the same have in common.

    `x IN ('a', 'b')` on a varchar is one cast around the array at first, and one around each
    member when PostgreSQL reads it again from a dump.
    """
    if thing.kind == "index" or definition.startswith("CHECK"):
        return re.sub(r"::(?:text|character varying)(?:\[\])?|[()]", "", definition)
    return definition


def _missing(thing: Thing, definition: str) -> _Difference:
    if thing.kind == "table":
        detail = "Its rows are lost with it; repairing makes it empty."
        return Difference.MISSING, str(thing), detail, True
    if thing.kind in {"index", "constraint"}:
        return Difference.MISSING, str(thing), f"Expected: {definition}.", True
    if thing.kind == "column":
        column = PLAIN_COLUMN.fullmatch(definition)
        can_repair = not (column and column["null"]) or _fills_itself(definition)
        detail = "Its values are lost with it; " + (
            "repairing makes it empty."
            if can_repair
            else "as it must have some, restore it from a backup."
        )
        return Difference.MISSING, str(thing), f"Expected: {definition}. {detail}", can_repair
    detail = f"Expected: {definition}. An operator has to make it again."
    return Difference.MISSING, str(thing), detail, False


def _fills_itself(definition: str) -> bool:
    return any(word in definition for word in (" DEFAULT ", " GENERATED "))


def _is_redefinable(thing: Thing, definition: str, there: str) -> bool:
    """Return whether a definition can be changed without touching data."""
    if thing.kind in {"index", "constraint"}:
        return True
    if thing.kind != "column" or " GENERATED " in definition or " GENERATED " in there:
        return False
    should, has = PLAIN_COLUMN.fullmatch(definition), PLAIN_COLUMN.fullmatch(there)
    return bool(should and has and should["type"] == has["type"])


def _listed(privileges: frozenset[str]) -> str:
    return ", ".join(sorted(privileges)) or "nothing"
