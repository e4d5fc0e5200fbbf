"""The environment variables that configure Plexica, as the modules of its settings read them.

A variable is described by the comment right above the line that reads it, and grouped by the
headings of the settings (`# == Heading`).
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.documentation.tables import table

_HEADING = "== "
_MUST_BE_SET = {"required", "secret", "database"}
_READERS = _MUST_BE_SET | {"matching", "number_range", "secret_file"}


class NotDescribed(Exception):
    """A variable has no comment above the line that reads it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable.

    Attributes:
        name: Its name.
        heading: Under what the settings have it.
        default: Python's expression of it; empty where it must be set.
        description: What it is for.
    """

    name: str
    heading: str
    default: str
    description: str


def settings_reference(directory: Path) -> str:
    """Return the page on all variables, as Markdown.

    Args:
        directory: The package of the settings.

    Raises:
        NotDescribed: A variable has no comment.
    """
    found: dict[str, dict[str, Variable]] = {}
    for path in sorted(directory.glob("*.py")):
        for variable in read_variables(path.read_text("utf-8")):
            group = found.setdefault(variable.heading, {})
            group.setdefault(variable.name, variable)
    parts = [
        "# Settings",
        "",
        "Plexica is configured by environment variables alone. What must be set and is not, or has",
        "a value that cannot be right, keeps a process from starting, with words that name it.",
        "Generated from the settings by `make reference`.",
    ]
    for heading, variables in found.items():
        parts += ["", f"## {heading}", ""]
        parts += table(
            ("variable", "default", "what it is for"),
            [
                (
                    f"`{each.name}`",
                    f"`{each.default}`" if each.default else "must be set",
                    each.description,
                )
                for each in sorted(variables.values(), key=lambda each: each.name)
            ],
        )
    return "\n".join(parts) + "\n"


def read_variables(source: str) -> Iterator[Variable]:
    """Yield the variables that a module reads, in its order.

    Raises:
        NotDescribed: A variable has no comment.
    """
    comments = {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and token.line.strip().startswith("#")
    }
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda node: node.lineno):
            if name := _name_read(call):
                yield Variable(
                    name=name,
                    heading=_heading(call.lineno, comments),
                    default=_default(call),
                    description=_description(name, call.lineno, statement.lineno, comments),
                )


def _name_read(call: ast.Call) -> str:
    function = call.func
    is_reader = (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "env"
    ) or (isinstance(function, ast.Name) and function.id in _READERS)
    if is_reader and call.args and isinstance(call.args[0], ast.Constant):
        return str(call.args[0].value)
    return ""


def _default(call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg == "default":
            return ast.unparse(keyword.value)
    return ""


def _heading(line: int, comments: dict[int, str]) -> str:
    above = [
        number for number, text in comments.items() if number < line and text.startswith("== ")
    ]
    return comments[max(above)].removeprefix(_HEADING) if above else "Everything else"


def _description(name: str, line: int, statement: int, comments: dict[int, str]) -> str:
    for start in (line, statement):
        lines: list[str] = []
        number = start - 1
        while number in comments and not comments[number].startswith(_HEADING):
            lines.insert(0, comments[number])
            number -= 1
        if lines:
            return " ".join(lines)
    raise NotDescribed(f"{name}: no comment stands right above the line that reads it.")
