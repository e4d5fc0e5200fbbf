"""What the documents say of manifest and package is what the SDK does."""

from pathlib import Path

from django.conf import settings

from plexica_sdk import manifest, package, wheels
from plexica_sdk.reference import manifest_reference

DOCUMENTS = Path(settings.BASE_DIR) / "docs" / "plugins"


def test_the_reference_of_the_manifest_is_up_to_date() -> None:
    assert manifest_reference() == (DOCUMENTS / "manifest.md").read_text(encoding="utf-8"), (
        "The manifest is not as docs/plugins/manifest.md has it: make manifest"
    )


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
