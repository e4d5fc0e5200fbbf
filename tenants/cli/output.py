"""What a command says: to people in words, tables and progress, to programs as one document.

With `--json`, the document is all that goes to standard output; words go to standard error.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework.utils.encoders import JSONEncoder
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wide enough that nothing is wrapped where nobody looks: in files and pipes.
_PIPE_WIDTH = 200


class Output:
    """Where a command's words and its document go.

    Attributes:
        is_json: Whether a program reads it.
    """

    def __init__(self, *, is_json: bool = False) -> None:
        self.is_json = is_json
        stream = sys.stderr if is_json else sys.stdout
        width = None if stream.isatty() else _PIPE_WIDTH
        self.console = Console(file=stream, width=width, highlight=False, soft_wrap=width is None)

    def say(self, text: str, *, style: str = "") -> None:
        """Say something to people."""
        self.console.print(Text(text, style=style))

    def complain(self, text: str) -> None:
        """Say what went wrong, on standard error."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(text, style="red"))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Show rows to people."""
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for heading in headings:
            table.add_column(heading)
        for row in rows:
            table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
        self.console.print(table)

    def facts(self, facts: Iterable[tuple[str, object]]) -> None:
        """Show labels and values to people."""
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold")
        table.add_column()
        for label, value in facts:
            table.add_row(label, Text("–" if value in (None, "") else str(value)))
        self.console.print(table)

    def document(self, document: Any) -> None:
        """Give a program what came of it, if it is one that reads."""
        if self.is_json:
            sys.stdout.write(json.dumps(document, cls=JSONEncoder, indent=2) + "\n")
