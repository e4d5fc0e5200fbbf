"""What the launcher says instead of a trace."""


class LocalPlatformError(Exception):
    """Something that a person can act on; its text is printed as it stands."""


class PartDiedError(LocalPlatformError):
    """A process of the platform ended while it was waited for."""


class AbandonedError(LocalPlatformError):
    """A wait that ended since another part failed; that part's message is the one to read."""
