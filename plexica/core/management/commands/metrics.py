"""Writes the reference of all metrics; see docs/metrics.md."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from plexica.core.observe.reference import metrics_reference


class Command(BaseCommand):
    """The metrics that the code defines, as Markdown."""

    help = "Print the reference of all metrics as Markdown, or write it into a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the arguments."""
        parser.add_argument("--file", type=Path, help="Where to write it, instead of printing it.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the reference."""
        text = metrics_reference()
        if options["file"] is None:
            self.stdout.write(text)
        else:
            options["file"].write_text(text, encoding="utf-8")
