"""Which pages are generated, and from what."""

from pathlib import Path

from deploy.documentation.commands import commands_reference
from deploy.documentation.decisions import decisions_list
from deploy.documentation.operations import operations_reference
from deploy.documentation.variables import settings_reference


def reference_pages(checkout: Path) -> dict[Path, str]:
    """Return the text of each generated page by its path. Django has to be set up."""
    docs = checkout / "docs"
    return {
        docs / "adr" / "index.md": decisions_list(docs / "adr"),
        docs / "reference" / "settings.md": settings_reference(),
        docs / "reference" / "commands.md": commands_reference(),
        docs / "reference" / "api.md": operations_reference(docs / "api"),
    }
