"""Who is logged in, known from the one query that has read the session."""

from typing import cast

from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from plexica.identity.models import User
from plexica.identity.oidc.backend import BACKEND_PATH
from plexica.identity.session_store import SessionStore


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
