"""The limits of packages and keys, for those above who do not know the SDK."""

from plexica_sdk.package import MAX_BYTES as MAX_PACKAGE_BYTES
from plexica_sdk.signing import MAX_KEY_BYTES

__all__ = ["MAX_KEY_BYTES", "MAX_PACKAGE_BYTES"]
