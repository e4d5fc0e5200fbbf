"""Who is logged in, known from the one query that has read the session."""

from typing import cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from plexica.core.limits import API_PREFIX
from plexica.identity.models import User
from plexica.identity.oidc.backend import BACKEND_PATH
from plexica.identity.session_store import SESSION, SessionStore, is_key
from tenants.arrival import Along, found_along


def session_of(request: HttpRequest) -> Along | None:
    """Return the read of the session that a request names; None where none will be asked for."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if not is_key(key) or request.path_info.startswith(API_PREFIX):
        return None
    return Along(SESSION, (key, timezone.now()))


class ArrivedSessionMiddleware(SessionMiddleware):
    """Django's, with what was read of the session along with the tenant."""

    def process_request(self, request: HttpRequest) -> None:
        """Have the session be read when somebody asks for it, unless it has been already."""
        super().process_request(request)
        if isinstance(request.session, SessionStore):
            request.session.arrived = found_along(request)


class SessionUserMiddleware(AuthenticationMiddleware):
    """Django's, without a query for the person where the session has been read with them."""

    def process_request(self, request: HttpRequest) -> None:
        """Have the user looked for when somebody asks for it."""
        super().process_request(request)
        request.user = cast("User", SimpleLazyObject(lambda: _user_of(request)))


def _user_of(request: HttpRequest) -> User | AnonymousUser:
    user = _person_of(request)
    if user is None:
        # Nobody is logged in, or Django decides: it knows keys of before, too.
        found: User | AnonymousUser = auth.get_user(request)
        return found
    return user if user.is_active else AnonymousUser()


def _person_of(request: HttpRequest) -> User | None:
    """Return the person of a session, if it says itself that it is theirs."""
    session = request.session
    said = session.get(auth.SESSION_KEY)
    if said is None or not isinstance(session, SessionStore):
        return None
    person = session.person
    if (
        person is None
        or said != str(person.pk)
        or session.get(auth.BACKEND_SESSION_KEY) != BACKEND_PATH
        or not constant_time_compare(
            session.get(auth.HASH_SESSION_KEY, ""), person.get_session_auth_hash()
        )
    ):
        return None
    return person
