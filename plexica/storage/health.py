"""Whether the S3 servers answer."""

from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from django.conf import settings

from plexica.storage.clients import make_client, make_config
from plexica.storage.errors import error_code, mapped_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from plexica.settings.servers import S3Server

_SECONDS = 1
_MAX_SERVERS = 64


def check_storage() -> None:
    """Ask each server about a bucket, which need not exist; at most 2 seconds a server.

    Listing buckets would cost the more the more tenants there are.

    Raises:
        TransientError: A server does not answer, or fails.
        PermanentError: A server does not accept the keys.
    """
    name = f"{settings.PLEXICA_BUCKET_PREFIX}-health"
    for server in settings.S3_SERVERS.values():
        with mapped_errors("checking the storage server"):
            try:
                _client(server).get_bucket_tagging(Bucket=name)
            except ClientError as error:
                if error_code(error) not in {"NoSuchBucket", "NoSuchTagSet"}:
                    raise


@lru_cache(maxsize=_MAX_SERVERS)
def _client(server: "S3Server") -> "S3Client":
    config = make_config(connect_seconds=_SECONDS, read_seconds=_SECONDS, attempts=1)
    return make_client(server, config)
