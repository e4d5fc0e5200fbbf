"""Which pages are generated, and from what."""

from pathlib import Path

from deploy.documentation.commands import commands_reference
from deploy.documentation.operations import operations_reference


def reference_pages(checkout: Path) -> dict[Path, str]:
    """Return the text of each generated page by its path. Django has to be set up.

    Raises:
        NotDescribed: A setting has no description.
    """
    docs = checkout / "docs"
    return {
        docs / "reference" / "commands.md": commands_reference(),
        docs / "reference" / "api.md": operations_reference(docs / "api"),
    }
