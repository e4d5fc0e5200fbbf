"""What the launcher says instead of a trace."""


class LocalPlatformError(Exception):
    """Something that a person can act on; its text is printed as it stands."""


class PartDiedError(LocalPlatformError):
    """A process of the platform ended while it was waited for."""
