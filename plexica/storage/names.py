"""The names of a tenant's files and folders: what people may choose, and what is Plexica's own."""

import unicodedata
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from plexica.core.errors import InvalidInput, NotFound
from tenants.theme import RESERVED_PREFIX

SEPARATOR = "/"
# What Plexica itself keeps in a tenant's bucket: nobody browses it.
RESERVED = RESERVED_PREFIX.rstrip(SEPARATOR)
# A key has 1,024 bytes at most; servers that keep files in directories take 255 bytes a name.
MAX_KEY_BYTES = 1000
MAX_NAME_BYTES = 240
MAX_DEPTH = 20
# Characters that cannot be seen, and those that turn the direction of what follows, by which a
# program can pass for a picture: control, surrogate, line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def clean_name(name: str) -> str:
    """Return a file's or folder's name as it is kept.

    Raises:
        InvalidInput: It is no name, for a reason that `fields` tells.
    """
    cleaned = unicodedata.normalize("NFC", name).strip()
    problem = _problem_of(cleaned)
    if problem:
        raise InvalidInput(problem, fields={"name": [problem]})
    return cleaned


def folder_key(path: str) -> str:
    """Return the prefix of a folder's contents, from a path such as `reports/2026`.

    Raises:
        NotFound: There can be no such folder.
    """
    stripped = path.strip(SEPARATOR)
    return f"{_checked(stripped)}{SEPARATOR}" if stripped else ""


def file_key(path: str) -> str:
    """Return a file's key, as it was listed.

    Raises:
        NotFound: There can be no such file.
    """
    return _checked(path)


def object_key(prefix: str, path: str) -> str:
    """Return the key of something that an app keeps below a prefix of its own.

    Args:
        prefix: What its keys begin with, with a separator at the end.
        path: What it is called there.

    Raises:
        NotFound: There can be nothing of that name.
    """
    return _possible(f"{prefix}{path}")


def join(folder: str, name: str) -> str:
    """Return the key of something in a folder.

    Args:
        folder: The prefix, from `folder_key`.
        name: The name, from `clean_name`.

    Raises:
        InvalidInput: It would be too long or too deep, or is Plexica's own.
    """
    key = f"{folder}{name}"
    if is_reserved(key):
        problem = _("Plexica itself uses this name. Choose another.")
    elif len(key.encode()) > MAX_KEY_BYTES or key.count(SEPARATOR) >= MAX_DEPTH:
        problem = _("This is too deep: the path of the folders with the name is too long.")
    else:
        return key
    raise InvalidInput(problem, fields={"name": [problem]})


def name_of(key: str) -> str:
    """Return the last part of a key."""
    return PurePosixPath(key).name


def folder_of(key: str) -> str:
    """Return the path of the folder that something is in; empty for the top."""
    return key.rstrip(SEPARATOR).rpartition(SEPARATOR)[0]


def is_reserved(key: str) -> bool:
    """Return whether a key is Plexica's own."""
    return key.split(SEPARATOR, 1)[0].casefold() == RESERVED


def _checked(path: str) -> str:
    if is_reserved(path):
        raise NotFound(_("There is no such file or folder."))
    return _possible(path)


def _possible(path: str) -> str:
    parts = path.split(SEPARATOR)
    is_possible = (
        all(part not in {"", ".", ".."} and not _unseen(part) for part in parts)
        and len(path.encode(errors="replace")) <= MAX_KEY_BYTES
    )
    if not is_possible:
        raise NotFound(_("There is no such file or folder."))
    return path


def _problem_of(name: str) -> str:
    if not name:
        return _("Give it a name.")
    if SEPARATOR in name or "\\" in name or name in {".", ".."}:
        return _("A name has no path in it: leave out “/” and “\\”.")
    if _unseen(name):
        return _("A name has only characters that can be seen.")
    if len(name.encode()) > MAX_NAME_BYTES:
        return _("This name is too long.")
    return ""


def _unseen(text: str) -> bool:
    return any(
        character in _TURNING
        or unicodedata.category(character) in _REFUSED_CATEGORIES
        # Noncharacters, which XML, and so a listing, cannot carry.
        or ord(character) & 0xFFFE == 0xFFFE  # noqa: PLR2004 (The Unicode Standard, section 23.7)
        for character in text
    )
