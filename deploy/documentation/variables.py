"""The environment variables that configure Plexica, from their descriptions."""

from itertools import groupby

from deploy.documentation.tables import table
from plexica.settings.variables import VARIABLES


def settings_reference() -> str:
    """Return the page on all variables, as Markdown."""
    parts = [
        "# Settings",
        "",
        "Plexica is configured by environment variables alone. What must be set and is not, or has",
        "a value that cannot be right, keeps a process from starting, with words that name it. Of",
        "each, `NAME_FILE` may name a file that holds the value. The launcher's own (ports,",
        "directories) are with [the local platform](../local-platform.md).",
    ]
    for heading, variables in groupby(VARIABLES, key=lambda each: each.heading):
        rows = [
            (f"`{each.name}`", each.default or "**must be set**", each.words) for each in variables
        ]
        parts += ["", f"## {heading}", "", *table(("variable", "default", "what it is for"), rows)]
    return "\n".join(parts) + "\n"
