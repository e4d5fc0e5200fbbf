"""What was signed some time ago."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from django.core import signing
from django.utils import timezone


@contextmanager
def signed_before(seconds: int) -> Iterator[None]:
    """Have all that is signed in a block bear a time that is so many seconds past."""
    stamp = signing.b62_encode(int(timezone.now().timestamp()) - seconds)
    with mock.patch.object(signing.TimestampSigner, "timestamp", return_value=stamp):
        yield
