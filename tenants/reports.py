"""What a reconciliation tells."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tenants.parts import Finding


@dataclass(frozen=True, slots=True)
class PartReport:
    """One part of one tenant, or of the platform.

    Attributes:
        part: The part's name.
        findings: What was found at first.
        left: What is there at the end; without repairs and removals, the same.
        error: Why it could not be compared, mended or removed; empty if it could.
    """

    part: str
    findings: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    error: str = ""

    @property
    def mended(self) -> tuple[Finding, ...]:
        """What was found and is there no more."""
        names = {(finding.difference, finding.what) for finding in self.left}
        return tuple(
            finding for finding in self.findings if (finding.difference, finding.what) not in names
        )

    @property
    def is_clean(self) -> bool:
        """Whether it was compared, and nothing differs at the end."""
        return not self.left and not self.error


@dataclass(frozen=True, slots=True)
class SubjectReport:
    """One tenant, or the platform with what is no tenant's.

    Attributes:
        slug: The tenant's slug; empty for the platform.
        parts: Its parts, in their order.
        skipped: Why it was left out: a run is under way, or it has no parts to compare. Empty if
            it was not.
    """

    slug: str
    parts: tuple[PartReport, ...] = ()
    skipped: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether all that was compared is as it should be, and all could be compared."""
        return all(part.is_clean for part in self.parts)


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """All that a reconciliation has found and done.

    Attributes:
        started_at: When it began.
        finished_at: When it ended.
        tenants: The tenants, in the order of their slugs.
        platform: What is no tenant's; None when only some tenants were asked for.
    """

    started_at: datetime
    finished_at: datetime
    tenants: tuple[SubjectReport, ...]
    platform: SubjectReport | None

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs and nothing failed; tenants left out do not count."""
        return all(subject.is_clean for subject in self._subjects())

    @property
    def totals(self) -> dict[str, int]:
        """The numbers of tenants and findings, by what became of them."""
        parts = [part for subject in self._subjects() for part in subject.parts]
        return {
            "tenants": len(self.tenants),
            "clean": sum(not one.skipped and one.is_clean for one in self.tenants),
            "skipped": sum(bool(one.skipped) for one in self.tenants),
            "findings": sum(len(part.findings) for part in parts),
            "mended": sum(len(part.mended) for part in parts),
            "left": sum(len(part.left) for part in parts),
            "errors": sum(bool(part.error) for part in parts),
        }

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            **asdict(self),
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            "totals": self.totals,
            "is_clean": self.is_clean,
        }

    def _subjects(self) -> tuple[SubjectReport, ...]:
        return (*self.tenants, self.platform) if self.platform else self.tenants
