"""Beginning a plugin: a project that runs and has tests."""

import keyword
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from plexica_sdk.errors import PluginError
from plexica_sdk.manifest import FILE_NAME, parse_manifest

_TEMPLATES = "templates"
# So that nothing takes a template for a module or a test of the SDK.
_ENDING = ".tmpl"


def new_project(slug: str, directory: Path) -> list[Path]:
    """Write a project of a plugin.

    Args:
        slug: The plugin's.
        directory: Where to write it: a directory that is not there, or empty.

    Returns:
        The files, relative to the directory.

    Raises:
        ManifestInvalid: The slug is none.
        PluginError: Something is there already.
    """
    module = slug.replace("-", "_")
    words = {"@slug@": slug, "@module@": module, "@name@": slug.replace("-", " ").capitalize()}
    root = files("plexica_sdk").joinpath(_TEMPLATES)
    written = {
        Path(_filled(path, words)): _filled(template.read_text("utf-8"), words)
        for path, template in _walk(root, "")
    }
    parse_manifest(written[Path(FILE_NAME)].encode())
    if keyword.iskeyword(module) or _is_known(module):
        raise PluginError(f"Python has a module {module} already: choose another name.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise PluginError(f"{directory} is there already.")
    for path, content in written.items():
        place = directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, "utf-8")
    return sorted(written)


def _is_known(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _walk(place: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in place.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_ENDING):
            found.append((f"{prefix}{entry.name.removesuffix(_ENDING)}", entry))
    return found


def _filled(text: str, words: dict[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text
