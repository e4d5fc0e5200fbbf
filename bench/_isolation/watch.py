"""Canaries: words that are acme's alone, and the watch that looks for them wherever others look."""

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_RUN_BYTES = 4


@dataclass(frozen=True, slots=True)
class Sighting:
    """A canary that somebody saw who should not.

    Attributes:
        area: How it was looked for.
        attempt: By whom, and where.
        canary: What it stands for.
    """

    area: str
    attempt: str
    canary: str

    def __str__(self) -> str:
        return f"{self.area}: {self.attempt} saw {self.canary}"


@dataclass
class Watch:
    """Makes canaries, counts attempts, and notes each canary that is seen.

    Attributes:
        attempts: How many there were, by area.
        sightings: What was seen.
        known: What is seen as the threat model says that it is, and is no secret.
        only: A pattern that all attempts must fit; None: all there are.
        answers: How often each kind of answer came, by area: a walk that meets nothing but one
            refusal has a fault of its own.
    """

    attempts: Counter[str] = field(default_factory=Counter)
    sightings: list[Sighting] = field(default_factory=list)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    known: set[str] = field(default_factory=set)
    only: str | None = None
    _names: list[str] = field(default_factory=list)
    _ids: dict[str, str] = field(default_factory=dict)
    _run: str = field(default_factory=lambda: secrets.token_hex(_RUN_BYTES))

    def canary(self, what: str) -> str:
        """Return a new word that stands for something of acme's."""
        self._names.append(what)
        return f"cnry{self._run}x{len(self._names) - 1:04d}"

    def known_canary(self, what: str) -> str:
        """Return a word for something that others may see, as the threat model says."""
        self.known.add(what)
        return self.canary(what)

    def know_id(self, value: object, what: str) -> None:
        """Count an identifier of acme's as a canary where nobody sends it: in what a server has."""
        self._ids[str(value)] = what

    @property
    def ids(self) -> list[str]:
        """What the known identifiers stand for."""
        return list(self._ids.values())

    def wants(self, attempt: str) -> bool:
        """Return whether an attempt is one of those that are asked for now."""
        return self.only is None or bool(re.search(self.only, attempt))

    @property
    def names(self) -> list[str]:
        """What the canaries stand for."""
        return list(self._names)

    @property
    def pattern(self) -> str:
        """What all canaries of this run begin with."""
        return f"cnry{self._run}x"

    def look(
        self,
        area: str,
        attempt: str,
        content: object,
        *,
        answer: object = "",
        with_ids: bool = False,
        allowed: Iterable[str] = (),
    ) -> None:
        """Count an attempt, and note the canaries in what it brought.

        Args:
            area: How it looked.
            attempt: Who looked where.
            content: What came back.
            answer: What kind of answer that was.
            with_ids: Whether acme's identifiers count too.
            allowed: What may be seen there, by what it stands for.
        """
        self.attempts[area] += 1
        if answer:
            self.answers[area, str(answer)] += 1
        text = _text(content)
        found = {self._names[int(n)] for n in re.findall(rf"{self.pattern}(\d{{4}})", text)}
        if with_ids:
            found |= {what for value, what in self._ids.items() if value in text}
        found -= self.known.union(allowed)
        self.sightings += [Sighting(area, attempt, what) for what in sorted(found)]

    def report(self) -> dict[str, object]:
        """Return the figures."""
        return {
            "canaries": len(self._names),
            "attempts": sum(self.attempts.values()),
            "attempts_by_area": dict(sorted(self.attempts.items())),
            "seen": len(self.sightings),
        }


def _text(content: object) -> str:
    if isinstance(content, memoryview):
        content = content.tobytes()
    if isinstance(content, bytes):
        return content.decode("utf-8", "replace")
    if isinstance(content, str):
        return content
    return json.dumps(content, default=str, ensure_ascii=False)
