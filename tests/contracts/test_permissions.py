"""The reference of the permissions is true, and templates ask for permissions that exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from plexica.rbac.reference import permissions_reference
from plexica.rbac.registry import Audience, get_definition, list_definitions

REFERENCE = Path(settings.BASE_DIR) / "docs" / "permissions.md"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
ASKED = re.compile(r"\|may:([^\s%}]+)")


def test_the_reference_is_up_to_date(tmp_path: Path) -> None:
    written = tmp_path / "permissions.md"
    call_command("permissions", file=written)
    assert written.read_text(encoding="utf-8") == REFERENCE.read_text(encoding="utf-8"), (
        "The permissions are not as docs/permissions.md has them: make permissions"
    )


def test_it_has_every_permission_with_its_words() -> None:
    text = permissions_reference()
    for definition in list_definitions():
        assert f"### `{definition.key}`" in text
        assert definition.label in text
        assert definition.description in text


@pytest.mark.parametrize(
    ("folder", "audience"), [("console", Audience.PLATFORM), ("workspace", Audience.TENANT)]
)
def test_templates_ask_for_permissions_that_exist(folder: str, audience: Audience) -> None:
    paths = [TEMPLATES / "base" / f"{folder}.html", *(TEMPLATES / folder).glob("*.html")]
    asked = {key for path in paths for key in ASKED.findall(path.read_text(encoding="utf-8"))}
    assert asked
    for quoted in asked:
        definition = get_definition(quoted.strip("\"'"))
        assert definition is not None, f"{quoted} is asked for and not registered"
        assert definition.audience is audience
