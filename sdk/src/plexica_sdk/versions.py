"""Versions as SemVer 2.0.0 has them, without build metadata.

Two versions that differ in nothing but build metadata would be neither older nor newer than each
other, and a platform that has both could not say which one is meant.
"""

import re
from dataclasses import dataclass
from functools import total_ordering

MAX_LENGTH = 64
_MAX_DIGITS = 9
_NUMBER = rf"(?:0|[1-9][0-9]{{0,{_MAX_DIGITS - 1}}})"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
EXPRESSION = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?"

_VERSION = re.compile(EXPRESSION, re.ASCII)
# In ASCII: between identifiers, before all that one is made of; at the end of a whole version,
# behind all that begins a pre-release.
_BETWEEN = "!"
_WHOLE = "~"


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version.

    Attributes:
        numbers: Major, minor and patch.
        pre_release: The identifiers behind the hyphen; empty for a whole version.
    """

    numbers: tuple[int, int, int]
    pre_release: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Return what a text says.

        Raises:
            ValueError: It is no version.
        """
        if len(text) > MAX_LENGTH or not _VERSION.fullmatch(text):
            raise ValueError(
                f"Write a version as 1.2.3 or 1.2.3-beta.1, with {MAX_LENGTH} characters at most."
            )
        numbers, _hyphen, rest = text.partition("-")
        major, minor, patch = (int(number) for number in numbers.split("."))
        return cls((major, minor, patch), tuple(rest.split(".")) if rest else ())

    @property
    def sort_key(self) -> str:
        """A text that sorts, by its bytes, as the version does: for databases."""
        numbers = ".".join(_padded(number) for number in self.numbers)
        if not self.pre_release:
            return numbers + _WHOLE
        return f"{numbers}-" + _BETWEEN.join(_identifier_key(part) for part in self.pre_release)

    def __str__(self) -> str:
        numbers = ".".join(str(number) for number in self.numbers)
        return numbers + ("-" + ".".join(self.pre_release) if self.pre_release else "")

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self.sort_key < other.sort_key


def _padded(number: int) -> str:
    return f"{number:0{_MAX_DIGITS}d}"


def _identifier_key(identifier: str) -> str:
    # Numbers come before words (SemVer 2.0.0, section 11.4.3).
    return f"0{_padded(int(identifier))}" if identifier.isdigit() else f"1{identifier}"
