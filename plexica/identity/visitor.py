"""Somebody of the platform's staff as the user of a workspace that they visit (ADR 15).

A visitor has no row in the tenant's schema: they are made for each request, from a visit that is
good at that moment. So nothing of them is found, listed, given a role or left behind.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plexica.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that is good in this request.

    Attributes:
        id: Its number.
        name: Who of the staff it is.
        is_writing: Whether they may also change things.
        reason: Why they are here.
        began_at: Since when.
        expires_at: Until when.
    """

    id: UUID
    name: str
    is_writing: bool
    reason: str
    began_at: datetime
    expires_at: datetime

    @property
    def actor(self) -> Actor:
        """Who acts in it; the audit names the visit with each thing that is done."""
        return Actor(kind="support", id=f"visit:{self.id}", name=f"{self.name} (Plexica)"[:255])
