"""The list of the decisions, from their files."""

from pathlib import Path

from deploy.documentation.tables import table


def decisions_list(directory: Path) -> str:
    """Return the page that lists the decisions, as Markdown.

    Args:
        directory: Where they are, each with a first line such as `# 3. What was decided`.
    """
    rows = []
    for path in sorted(directory.glob("0*.md")):
        number, _dot, title = (
            path.read_text("utf-8").partition("\n")[0].lstrip("# ").partition(". ")
        )
        rows.append((number, f"[{title}]({path.name})"))
    parts = ["# Decisions", "", "What was decided, why, and what follows from it.", ""]
    return "\n".join([*parts, *table(("", "decision"), rows)]) + "\n"
