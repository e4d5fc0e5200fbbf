"""What the documents say of manifest and package is what the SDK does."""

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from django.conf import settings

from plexica_sdk import hosting, manifest, package, testing, wheels
from plexica_sdk.api_reference import api_reference, public_members, public_names
from plexica_sdk.reference import manifest_reference

DOCUMENTS = Path(settings.BASE_DIR) / "docs" / "plugins"


def test_the_reference_of_the_manifest_is_up_to_date() -> None:
    assert manifest_reference() == (DOCUMENTS / "manifest.md").read_text(encoding="utf-8"), (
        "The manifest is not as docs/plugins/manifest.md has it: make manifest"
    )


def test_the_reference_of_the_sdk_is_up_to_date() -> None:
    assert api_reference() == (DOCUMENTS / "sdk.md").read_text(encoding="utf-8"), (
        "The SDK is not as docs/plugins/sdk.md has it: make manifest"
    )


@pytest.mark.parametrize("module", [hosting, testing], ids=lambda module: module.__name__)
def test_what_a_plugin_may_rely_on_is_described_without_gaps(module: ModuleType) -> None:
    gaps = [
        gap
        for name in public_names(module)
        for found in [getattr(module, name)]
        if isinstance(found, type | FunctionType)
        for gap in _gaps(name, found)
    ]
    assert gaps == []


def _gaps(name: str, found: Any) -> Iterator[str]:
    text = inspect.getdoc(found) or ""
    if not text:
        yield f"{name} is not described"
    if isinstance(found, type):
        wanted = [field.name for field in fields(found)] if is_dataclass(found) else []
        for member, value in public_members(found).items():
            if inspect.isfunction(value):
                yield from _gaps(f"{name}.{member}", value)
    else:
        parameters = inspect.signature(found).parameters
        wanted = [parameter for parameter in parameters if parameter != "self"]
    for each in wanted:
        # One that is alone may be clear by the first line.
        if len(wanted) > 1 and not each.startswith("_") and f"\n    {each}: " not in text:
            yield f"{name} does not describe {each}"


def test_the_description_of_the_package_names_its_limits() -> None:
    text = (DOCUMENTS / "package.md").read_text(encoding="utf-8")
    for limit in (
        f"{package.MAX_BYTES} bytes",
        f"| entries | {package.MAX_ENTRIES} |",
        f"{package.MAX_NAME_LENGTH} characters",
        f"{manifest.MAX_BYTES} bytes, nested {manifest.MAX_DEPTH} deep",
        f"{wheels.MAX_UNPACKED_BYTES} bytes in {wheels.MAX_ENTRIES} files",
        package.FORMAT,
    ):
        assert limit in text
