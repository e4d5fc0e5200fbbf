"""How a call to an S3 server can fail; the words are safe to show, the raw cause is `__cause__`."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from boto3.exceptions import Boto3Error, RetriesExceededError, S3UploadFailedError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 (botocore's name)
    HTTPClientError,
    IncompleteReadError,
)
from botocore.parsers import ResponseParserError

from plexica.core.errors import OutwardError, PermanentError, TransientError

_TRANSIENT_CODES = frozenset(
    {"OperationAborted", "RequestTimeout", "RequestTimeTooSkewed", "SlowDown", "Throttling"}
)
# botocore has two unrelated families for a server that does not answer as it should.
# The last is what something in between says in the server's place.
_NO_ANSWER = (
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    RetriesExceededError,
    ResponseParserError,
)


@contextmanager
def mapped_errors(doing: str) -> Iterator[None]:
    """Raise our own errors for those of boto3.

    Args:
        doing: What is being done, in words for people, such as "making the storage bucket".

    Raises:
        TransientError: The server did not answer, was too busy, or failed.
        PermanentError: The server refused.
    """
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, doing) from error
    except _NO_ANSWER as error:
        raise TransientError(f"The storage server did not answer while {doing}.") from error
    except S3UploadFailedError as error:
        raise TransientError(f"The storage server broke off while {doing}.") from error
    except (BotoCoreError, Boto3Error) as error:
        raise PermanentError(f"The storage server cannot be used for {doing}.") from error


def error_code(error: ClientError) -> str:
    """Return the server's code of an error, such as `NoSuchBucket`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_status(error: ClientError) -> int:
    """Return the HTTP status code of an error."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _of_answer(error: ClientError, doing: str) -> OutwardError:
    status = error_status(error)
    is_transient = (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
        or error_code(error) in _TRANSIENT_CODES
    )
    if is_transient:
        return TransientError(f"The storage server failed while {doing}.")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return PermanentError(f"The storage server does not allow {doing}.")
    return PermanentError(f"The storage server refused {doing}.")
