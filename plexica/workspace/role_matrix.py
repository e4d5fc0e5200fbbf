"""The permissions that a role can give, as the page shows them: by namespace and resource."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _

from plexica.rbac.keys import SEPARATOR, WILDCARD, matches
from plexica.rbac.registry import PermissionDefinition
from plexica.rbac.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Cell:
    """One box that can be ticked.

    Attributes:
        pattern: The key or pattern that it stands for.
        label: What it gives, in words.
        description: The same at length; empty for patterns.
        is_ticked: Whether the role gives it.
        is_held: Whether who edits holds it, and so may give and take it.
    """

    pattern: str
    label: str
    description: str
    is_ticked: bool
    is_held: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A resource with all that can be done with it."""

    resource: str
    whole: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A namespace with its resources."""

    namespace: str
    whole: Cell
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All boxes.

    Attributes:
        everything: The box for all that there is.
        blocks: The namespaces with something in them that was looked for.
        unknown: What the role gives and covers no permission that there is.
        kept: What is ticked and has no box that can be unticked: it must be sent along.
    """

    everything: Cell
    blocks: tuple[Block, ...]
    unknown: tuple[Cell, ...]
    kept: tuple[str, ...]


def build_matrix(
    *,
    definitions: Iterable[PermissionDefinition],
    ticked: frozenset[str],
    held: Snapshot,
    search: str = "",
) -> Matrix:
    """Return the boxes of the page on which a role is edited.

    Args:
        definitions: The permissions that there are, by key.
        ticked: The keys and patterns that the role gives.
        held: What who edits holds.
        search: Only permissions with each of these words in their key, label or description.
    """

    def cell(pattern: str, label: str, description: str = "") -> Cell:
        return Cell(pattern, label, description, pattern in ticked, held.allows(pattern))

    there = list(definitions)
    words = search.lower().split()
    found = [definition for definition in there if _has_words(definition, words)]
    blocks = tuple(
        Block(
            namespace,
            cell(f"{namespace}:{WILDCARD}", _("Everything in “%(name)s”") % {"name": namespace}),
            tuple(
                Row(
                    resource,
                    cell(f"{namespace}:{resource}:{WILDCARD}", _("All of it")),
                    tuple(
                        cell(definition.key, _(definition.label), _(definition.description))
                        for definition in actions
                    ),
                )
                for resource, actions in groupby(in_namespace, lambda each: _part(each, 1))
            ),
        )
        for namespace, in_namespace in groupby(found, lambda each: _part(each, 0))
    )
    unknown = tuple(
        cell(pattern, pattern)
        for pattern in sorted(ticked)
        if not any(matches(pattern, definition.key) for definition in there)
    )
    everything = cell(WILDCARD, _("Everything there is, plugins included"))
    shown = [everything, *unknown]
    for block in blocks:
        shown.append(block.whole)
        for row in block.rows:
            shown += [row.whole, *row.cells]
    changeable = {each.pattern for each in shown if each.is_held}
    return Matrix(everything, blocks, unknown, tuple(sorted(ticked - changeable)))


def _part(definition: PermissionDefinition, position: int) -> str:
    return definition.key.split(SEPARATOR)[position]


def _has_words(definition: PermissionDefinition, words: list[str]) -> bool:
    text = f"{definition.key} {_(definition.label)} {_(definition.description)}".lower()
    return all(word in text for word in words)
