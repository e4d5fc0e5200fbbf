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


def _session(key: str, now: datetime) -> QuerySet[Session]:
    sessions: QuerySet[Session] = Session.objects.select_related("browser__user")
    # The tokens are read when they are needed, once in five minutes.
    return sessions.defer("browser__tokens").filter(session_key=key, expire_date__gt=now)


_SESSION = FixedRead(_session, "key", datetime.min.replace(tzinfo=UTC))


class SessionStore(db.SessionStore):
    """A session, and the login that it is of.

    Attributes:
        browser: What is known of the login, once the session has been read; None if it has none.
        ends_at: When the session's row ends by itself, once it has been read.
    """

    browser: BrowserSession | None = None
    ends_at: datetime | None = None

    def _get_session_from_db(self) -> Session | None:
        found = _SESSION.first(self.session_key, timezone.now())
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
