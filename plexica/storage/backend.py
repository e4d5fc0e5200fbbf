"""Django's default storage: the bucket of the tenant whose scope it is used in."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, TypeVar, cast

from boto3.s3.transfer import TransferConfig
from storages.backends.s3 import S3Storage

from plexica.core.scope import NoScope, current_scope
from plexica.storage.clients import get_resource, get_server
from plexica.storage.errors import mapped_errors
from tenants.models import Tenant
from tenants.selectors import get_tenant

_LINK_SECONDS = 300
_Method = TypeVar("_Method", bound=Callable[..., Any])


def _reporting(doing: str) -> Callable[[_Method], _Method]:
    """Have a method raise our own errors for those of boto3."""

    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def run(*args: Any, **kwargs: Any) -> Any:
            with mapped_errors(doing):
                return method(*args, **kwargs)

        return cast("_Method", run)

    return decorate


class TenantStorage(S3Storage):  # type: ignore[misc] # django-storages has no types
    """The bucket of the current tenant, on the server where that tenant lives.

    Server and bucket are looked up at each use and never kept, so that one instance serves all
    threads and tenants. A file that was opened stays bound to the bucket that it was opened in; its
    contents come with the first read, which raises boto3's own errors.

    Every method raises:
        NoScope: No tenant's scope is set; the platform has no bucket.
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """

    # The connection brings its keys. Without these, django-storages would take others from the
    # environment.
    access_key: ClassVar[None] = None
    secret_key: ClassVar[None] = None
    security_token: ClassVar[None] = None
    session_profile: ClassVar[None] = None

    file_overwrite = False
    querystring_auth = True
    querystring_expire = _LINK_SECONDS
    custom_domain = None
    transfer_config = TransferConfig(use_threads=False)

    def get_default_settings(self) -> dict[str, Any]:
        """Return django-storages' settings without the bucket, which comes from the scope."""
        defaults: dict[str, Any] = super().get_default_settings()
        del defaults["bucket_name"]
        return defaults

    @property
    def connection(self) -> Any:
        """The server of the current tenant, as boto3's resource."""
        return _resource_of(_current_tenant())

    @property
    def unsigned_connection(self) -> Any:
        """Refuse: no bucket is public."""
        raise NotImplementedError("Objects of a tenant are reached by signed addresses only.")

    @property
    def bucket_name(self) -> str:
        """The name of the current tenant's bucket."""
        return _current_tenant().bucket

    @property
    def bucket(self) -> Any:
        """The bucket of the current tenant."""
        tenant = _current_tenant()
        return _resource_of(tenant).Bucket(tenant.bucket)

    @_reporting("opening a file")
    def _open(self, name: str, mode: str = "rb") -> Any:
        return super()._open(name, mode)

    @_reporting("saving a file")
    def _save(self, name: str, content: Any) -> Any:
        return super()._save(name, content)

    @_reporting("deleting a file")
    def delete(self, name: str) -> None:
        """Delete a file; one that is not there is no error."""
        super().delete(name)

    @_reporting("looking for a file")
    def exists(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        return bool(super().exists(name))

    @_reporting("listing files")
    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the names of the directories and files directly under a path."""
        directories, files = super().listdir(path)
        return directories, files

    @_reporting("reading a file's size")
    def size(self, name: str) -> int:
        """Return a file's size in bytes."""
        return int(super().size(name))

    @_reporting("reading a file's time")
    def get_modified_time(self, name: str) -> Any:
        """Return when a file was last written."""
        return super().get_modified_time(name)


def _current_tenant() -> Tenant:
    slug = current_scope().tenant_slug
    if slug is None:
        raise NoScope("Files belong to a tenant, and no tenant's scope is set here.")
    return get_tenant(slug=slug)


def _resource_of(tenant: Tenant) -> Any:
    return get_resource(get_server(tenant.s3))
