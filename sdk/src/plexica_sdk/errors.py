"""What is wrong with what a plugin's author made. Each message is fit to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass


class PluginError(Exception):
    """Something about a plugin is not as it should be; `str()` says what."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a manifest.

    Attributes:
        field: Where, such as `routes[2].permission`; empty for the whole of it.
        message: What is wrong, and what would be right.
        line: The line that it is on, or None where there are no lines.
    """

    field: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else ""
        return ": ".join(part for part in (place, self.field, self.message) if part)


class ManifestInvalid(PluginError):
    """A manifest is not acceptable.

    Attributes:
        problems: All that is wrong, by line.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PackageInvalid(PluginError):
    """A file is no package, or not in the one form that packages have."""


class SignatureInvalid(PluginError):
    """A package is not signed, or not by the key that was expected."""


class KeyInvalid(PluginError):
    """A file or a text is no key of the kind that is needed."""
