"""What boto3 raises becomes what the engine and people understand, without the cause's text."""

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from plexica.core.errors import OutwardError, PermanentError, TransientError
from plexica.storage.errors import mapped_errors

SECRET_ADDRESS = "http://s3.internal:7070/acme"


def _answer(status: int, code: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": f"{SECRET_ADDRESS} said no"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "PutObject",
    )


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (EndpointConnectionError(endpoint_url=SECRET_ADDRESS), TransientError),
        (ConnectTimeoutError(endpoint_url=SECRET_ADDRESS), TransientError),
        (ReadTimeoutError(endpoint_url=SECRET_ADDRESS), TransientError),
        (_answer(500, "InternalError"), TransientError),
        (_answer(503, "SlowDown"), TransientError),
        (_answer(429, "TooManyRequests"), TransientError),
        (_answer(409, "OperationAborted"), TransientError),
        (_answer(400, "RequestTimeout"), TransientError),
        (_answer(403, "AccessDenied"), PermanentError),
        (_answer(403, "SignatureDoesNotMatch"), PermanentError),
        (_answer(404, "NoSuchBucket"), PermanentError),
        (_answer(400, "InvalidBucketName"), PermanentError),
        (NoCredentialsError(), PermanentError),
        (BotoCoreError(), PermanentError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_mapping(cause: Exception, kind: type[OutwardError]) -> None:
    with pytest.raises(kind) as raised, mapped_errors("making the storage bucket"):
        raise cause
    assert "making the storage bucket" in str(raised.value)
    assert "s3.internal" not in str(raised.value)
    assert raised.value.__cause__ is cause


@pytest.mark.parametrize("error", [FileNotFoundError("a.txt"), TransientError("x"), ValueError()])
def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, mapped_errors("reading"):
        raise error
    assert raised.value is error
