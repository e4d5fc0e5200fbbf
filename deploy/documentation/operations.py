"""The operations of the three APIs, from their OpenAPI documents."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from deploy.documentation.tables import table

_DOCUMENTS = (
    ("openapi.yaml", "Console", "For programs of the platform's operator, on the console's host."),
    ("workspace.yaml", "Workspace", "For programs of a tenant, on the workspace's host."),
    ("host.yaml", "Host API", "For plugins' backends; see [the contract](../plugins/contract.md)."),
)
_METHODS = ("get", "post", "put", "patch", "delete")


def operations_reference(directory: Path) -> str:
    """Return the page on all operations, as Markdown.

    Args:
        directory: Where the OpenAPI documents are.
    """
    parts = [
        "# API",
        "",
        "All operations, generated from the OpenAPI documents by `make reference`. The documents",
        "have every field and answer; a running platform shows them at `/api/docs/`. How programs",
        "come in: [programs](../programs.md).",
    ]
    for name, title, words in _DOCUMENTS:
        document = yaml.safe_load((directory / name).read_text("utf-8"))
        parts += ["", f"## {title}", "", f"{words} [{name}](../api/{name})", ""]
        parts += table(("operation", "what it does", "answers"), _rows(document))
    return "\n".join(parts) + "\n"


def _rows(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, operations in sorted(document["paths"].items()):
        for method in _METHODS:
            if operation := operations.get(method):
                words = operation.get("summary") or operation.get("description", "")
                yield (
                    f"`{method.upper()} {path}`",
                    words.strip().partition("\n\n")[0],
                    ", ".join(sorted(operation["responses"])),
                )
