"""Later versions of Plexica: further migrations of a tenant app, for as long as a test runs."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from plexica.audit import migrations
from tenants.schema.migrations import tenant_digest

APP = "audit"
_PRESENT = Path(migrations.__file__).parent
_BASE = """
    from importlib import import_module

    Migration = import_module("plexica.audit.migrations.{name}").Migration
"""
_MIGRATION = """
    from django.db import migrations, models

    {before}

    class Migration(migrations.Migration):
        dependencies = [("audit", "{parent}")]
        {extra}
        operations = [
            {operations}
        ]
"""

Release = Callable[..., None]


@pytest.fixture
def release(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Release:
    """Let the code have further migrations of the audit, each with its operations as source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    numbers = iter(range(1000))

    def make(*operations: str, before: str = "pass", extra: str = "") -> None:
        name = f"later_{tmp_path.name.replace('-', '_')}_{next(numbers)}"
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").touch()
        present = sorted(path.stem for path in _PRESENT.glob("0*.py"))
        for parent in present:
            source = textwrap.dedent(_BASE).format(name=parent)
            (package / f"{parent}.py").write_text(source)
        for number, operation in enumerate(operations, start=len(present) + 1):
            this = f"{number:04}_later"
            source = textwrap.dedent(_MIGRATION).format(
                before=textwrap.dedent(before), parent=parent, extra=extra, operations=operation
            )
            (package / f"{this}.py").write_text(source)
            parent = this
        settings.MIGRATION_MODULES = {**django_settings.MIGRATION_MODULES, APP: name}
        sys.path_importer_cache.clear()
        tenant_digest.cache_clear()

    return make


@pytest.fixture(autouse=True)
def present_again() -> Iterator[None]:
    """Forget the digest of a version that is gone."""
    yield
    tenant_digest.cache_clear()
