"""How much a form may send, judged before anything of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.error_pages import error_page
from plexica.core.errors import PlexicaError
from plexica.core.limits import API_PREFIX

MEGABYTE = 1024 * 1024
# What a form has beside its files.
_SLACK_BYTES = MEGABYTE


class BodyTooLarge(PlexicaError):
    """More was sent than is taken."""

    code = "body-too-large"
    title = gettext_noop("This is too large")
    status = 413


class FormLimitMiddleware:
    """Refuses what is too large before Django reads it, which the check of its token begins.

    Django limits what it keeps in memory, but not what it writes to disk. The API has a limit of
    its own (`plexica.core.limits`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 413, or go on."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not request.path_info.startswith(API_PREFIX):
            megabytes = _limit_of(request)
            if not length.isdecimal() or int(length) > megabytes * MEGABYTE + _SLACK_BYTES:
                return error_page(
                    request,
                    BodyTooLarge(
                        _("At most %(max)d MB are taken here at once.") % {"max": megabytes}
                    ),
                )
        return self.get_response(request)


def _limit_of(request: HttpRequest) -> int:
    permission = settings.PLEXICA_UPLOAD_PATHS.get(request.path_info)
    if permission and request.user.has_perm(permission):
        return int(settings.PLEXICA_FILE_MAX_MB)
    return int(settings.PLEXICA_FORM_MAX_MB)
