"""What can go wrong between host and backend, each with the status that it is answered with."""

from typing import ClassVar

from django.utils.translation import gettext_noop

from plexica.core.errors import PlexicaError


class BackendFailure(PlexicaError):
    """A plugin has not answered as it should.

    Attributes:
        reason: What happened, for the log; it may tell what is nobody else's business.
    """

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class BackendDown(BackendFailure):
    """It cannot be reached, or is left alone for a while after it has failed."""

    code: ClassVar[str] = "plugin-unavailable"
    title: ClassVar[str] = gettext_noop("This plugin does not answer at the moment")
    status: ClassVar[int] = 503


class BackendTimedOut(BackendFailure):
    """It has taken too long."""

    code: ClassVar[str] = "plugin-timed-out"
    title: ClassVar[str] = gettext_noop("This plugin has taken too long to answer")
    status: ClassVar[int] = 504


class BackendBroken(BackendFailure):
    """What it has answered breaks the contract, or says itself that it failed."""

    code: ClassVar[str] = "plugin-failed"
    title: ClassVar[str] = gettext_noop("This plugin has failed")
    status: ClassVar[int] = 502
