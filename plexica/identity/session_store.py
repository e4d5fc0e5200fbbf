"""Django's sessions in the database, read together with what is known of the browser's login.

So no request needs a query more to know how long its session may last (`SESSION_ENGINE`).
"""

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from plexica.identity.models import BrowserSession


class SessionStore(db.SessionStore):
    """A session, and the login that it is of.

    Attributes:
        browser: What is known of the login, once the session has been read; None if it has none.
        ends_at: When the session's row ends by itself, once it has been read.
    """

    browser: BrowserSession | None = None
    ends_at: datetime | None = None

    def _get_session_from_db(self) -> Session | None:
        found = (
            Session.objects.select_related("browser")
            # Read when they are needed, once in five minutes.
            .defer("browser__tokens")
            .filter(session_key=self.session_key, expire_date__gt=timezone.now())
            .first()
        )
        if found is None:
            self._session_key = None
            return None
        self.browser = getattr(found, "browser", None)
        self.ends_at = found.expire_date
        return found
