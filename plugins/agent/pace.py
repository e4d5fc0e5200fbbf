"""How quickly the agent does things."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the agent does what, and how long it waits, in seconds.

    Attributes:
        look: Between two looks at the rows.
        ready: How long a backend may take to be ready.
        probe: How long it may take to answer that it is.
        health: Between two questions to one that runs.
        misses: How many in a row it may leave unanswered.
        stop: How long it may take to end.
        backoff: Before it is started again the first time; doubled each time.
        max_backoff: The longest of these.
        window: How long a crash counts.
        crashes: How many that count put it into quarantine.
        notes: Between two times that the log's end is written down, and that the agent shows
            that it is there.
        orphans: Between two searches for what is nobody's.
    """

    look: float = 1.0
    ready: float = 30.0
    probe: float = 2.0
    health: float = 5.0
    misses: int = 3
    stop: float = 10.0
    backoff: float = 2.0
    max_backoff: float = 300.0
    window: float = 3600.0
    crashes: int = 3
    notes: float = 5.0
    orphans: float = 10.0
