"""Writes the reference of all permissions; see docs/permissions.md."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from plexica.rbac.reference import permissions_reference


class Command(BaseCommand):
    """The permissions that are registered, with the system roles that give them, as Markdown."""

    help = "Print the reference of all permissions as Markdown, or write it into a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the arguments."""
        parser.add_argument("--file", type=Path, help="Where to write it, instead of printing it.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the reference."""
        text = permissions_reference()
        if options["file"] is None:
            self.stdout.write(text)
        else:
            options["file"].write_text(text, encoding="utf-8")
