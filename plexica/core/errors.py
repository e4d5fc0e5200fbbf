"""The errors that people and programs are told about, and those that tell the engine what to do."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.utils.translation import gettext, gettext_noop


class PlexicaError(Exception):
    """Something that the caller did or met, said in words that they may see.

    Attributes:
        code: A stable name, part of the problem's `type` address (RFC 9457, section 3.1.1).
        title: What kind of problem it is.
        status: The HTTP status code that goes with it.
        members: What the problem says beyond that, in further members (RFC 9457, section 3.2).
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = gettext_noop("Something went wrong")
    status: ClassVar[int] = 400

    def __init__(
        self, detail: str = "", *, fields: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or gettext(self.title)
        self.fields: dict[str, list[str]] = {
            name: list(messages) for name, messages in (fields or {}).items()
        }
        self.members: dict[str, str] = {}


class InvalidInput(PlexicaError):
    """A value is not acceptable; `fields` says which and why."""

    code = "invalid-input"
    title = gettext_noop("Some values are not acceptable")
    status = 400


class NotFound(PlexicaError):
    """There is no such thing, or not for this caller."""

    code = "not-found"
    title = gettext_noop("There is no such thing")
    status = 404


class PermissionRefused(PlexicaError):
    """The caller is known and lacks the permission."""

    code = "permission-refused"
    title = gettext_noop("You do not have the permission to do this")
    status = 403


class Conflict(PlexicaError):
    """The state of things does not allow it now."""

    code = "conflict"
    title = gettext_noop("This conflicts with the present state")
    status = 409


class ServiceUnavailable(PlexicaError):
    """A server that is needed for this does not answer."""

    code = "service-unavailable"
    title = gettext_noop("A server that is needed for this does not answer")
    status = 503


class BeingUpgraded(ServiceUnavailable):
    """The tenant's schema is behind the code, and this needs what it does not have yet (ADR 11)."""

    code = "being-upgraded"
    title = gettext_noop("This workspace is being upgraded")

    def __init__(self) -> None:
        super().__init__(
            gettext(
                "This workspace is being upgraded, and what you asked for has to wait until that"
                " has ended. Everything else works. Try this again in a few minutes."
            )
        )


class OutwardError(Exception):
    """An outward call failed. `str()` is safe to show; the raw cause is only in `__cause__`."""


class TransientError(OutwardError):
    """It may work the next time: a time-out, a refused connection, a server that is starting."""


class PermanentError(OutwardError):
    """Trying again will not help."""
