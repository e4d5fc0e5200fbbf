"""How often an address and a person may call the API, and change something, in a minute."""

from collections.abc import Callable
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from plexica.core.client_address import client_address
from plexica.core.error_pages import answer_error
from plexica.core.limits import API_PREFIX
from plexica.core.rate_limits import SAFE_METHODS, TooManyTries, count_try

# These count by themselves: logins by what they try, and what plugins ask by its installation. One
# address is that of a whole Keycloak, and of all plugins of a machine.
COUNTS_BY_ITSELF = ("/oidc/", "/api/host/")


class _Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 429, or go on."""
        try:
            if not request.path_info.startswith(COUNTS_BY_ITSELF):
                self.count(request)
        except TooManyTries as error:
            return answer_error(request, error)
        return self.get_response(request)

    def count(self, request: HttpRequest) -> None:
        """Count a request.

        Raises:
            TooManyTries: It is one too many.
        """
        raise NotImplementedError


class ApiRateMiddleware(_Middleware):
    """Counts the calls of the API by their address, before anything is known of the caller.

    Who calls is counted where the token is read (`plexica.identity.api`).
    """

    def count(self, request: HttpRequest) -> None:
        """Count a call of the API."""
        if request.path_info.startswith(API_PREFIX):
            count_try("api", address=client_address(request))


class WriteRateMiddleware(_Middleware):
    """Counts what pages are asked to change, by address and by person, and uploads once more."""

    UPLOADS: ClassVar[tuple[str, ...]] = ("/files/upload/",)

    def count(self, request: HttpRequest) -> None:
        """Count a request that is no reading."""
        if request.method in SAFE_METHODS or request.path_info.startswith(API_PREFIX):
            return
        address = client_address(request)
        account = str(request.user.pk) if request.user.is_authenticated else ""
        count_try("write", address=address, account=account)
        if request.path_info in self.UPLOADS:
            count_try("upload", address=address, account=account)
