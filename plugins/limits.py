"""The limits of what comes in about installations, for those above who do not know the SDK."""

from plexica_sdk.versions import MAX_LENGTH as MAX_VERSION_LENGTH

# As the manifest's schema has it.
MAX_USES = 4

__all__ = ["MAX_USES", "MAX_VERSION_LENGTH"]
