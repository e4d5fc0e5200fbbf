"""Django's sessions in the database, read together with the browser's login and the person.

So a request needs one query to know who asks and how long their session may last
(`SESSION_ENGINE`). It is read anew for each request: whoever is logged out or disabled is so from
the next one on.
"""

from datetime import UTC, datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from plexica.core.postgresql.fixed import FixedRead
from plexica.identity.models import BrowserSession, User
from tenants.arrival import Along

# Django's own bound.
_MIN_KEY_LENGTH = 8


def _session(key: str, now: datetime) -> QuerySet[Session]:
    sessions: QuerySet[Session] = Session.objects.select_related("browser__user")
    # The tokens are read when they are needed, once in five minutes.
    return sessions.defer("browser__tokens").filter(session_key=key, expire_date__gt=now)


SESSION = FixedRead(_session, "key", datetime.min.replace(tzinfo=UTC))


def is_key(key: str) -> bool:
    """Return whether a cookie may be the key of a session."""
    return len(key) >= _MIN_KEY_LENGTH and key.isascii() and key.isalnum()


class SessionStore(db.SessionStore):
    """A session, and the login that it is of.

    Attributes:
        browser: What is known of the login, once the session has been read; None if it has none.
        ends_at: When the session's row ends by itself, once it has been read.
        arrived: What was read along with the tenant of the request, for the session's first load.
    """

    arrived: tuple[Along, Session | None] | None = None
    browser: BrowserSession | None = None
    ends_at: datetime | None = None

    def _validate_session_key(self, key: str | None) -> bool:
        # Whatever else a browser sends is nobody's, and is not asked for: a cookie may hold NUL.
        return is_key(key or "")

    def _get_session_from_db(self) -> Session | None:
        arrived, self.arrived = self.arrived, None
        if arrived is not None and arrived[0].values[0] == self.session_key:
            found = arrived[1]
        else:
            found = SESSION.first(self.session_key, timezone.now())
        if found is None:
            self._session_key = None
            return None
        self.browser = getattr(found, "browser", None)
        self.ends_at = found.expire_date
        return found

    @property
    def person(self) -> User | None:
        """Whose login it is, as their row was when the session was read; None if it has none."""
        return self.browser.user if self.browser else None
