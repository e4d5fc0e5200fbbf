import uuid
from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from plexica.core.themes import ThemeMode
from plexica.identity.permissions import has_permission
from plexica.identity.visitor import Visit


class UserManager(models.Manager["User"]):
    """Finds people by what their realm says about them, never by their address."""

    def get_by_natural_key(self, issuer: str, subject: str) -> "User":
        """Return the person that a realm knows under a subject."""
        return self.get(issuer=issuer, subject=subject)


class UserKind(models.TextChoices):
    """What holds roles."""

    PERSON = "person", _("Person")
    SERVICE_ACCOUNT = "service_account", _("Service account")


class User(AbstractBaseUser):
    """A person of the current scope: of the platform's staff, or of one tenant.

    A tenant's service accounts have such a row, too, so that they hold roles as people do; what
    else is known of them is in `ServiceAccount`.

    The realm holds passwords and proves who somebody is; this row is what Plexica remembers. A
    person is the pair of issuer and subject (OpenID Connect Core 1.0, section 5.7): addresses and
    names change and are given to others.
    """

    # The realm keeps the password.
    password = None  # type: ignore[assignment] # Django's way to leave a field out

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(
        max_length=20,
        choices=UserKind.choices,
        default=UserKind.PERSON,
        db_default=UserKind.PERSON,
    )
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    email = models.EmailField(blank=True)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    # What they chose for themselves; empty: what the tenant has, and then the browser.
    locale = models.CharField(max_length=35, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    theme_mode = models.CharField(
        max_length=5, choices=ThemeMode.choices, blank=True, default="", db_default=""
    )
    # The key of a picture in the tenant's bucket; empty: their initial stands for them.
    avatar = models.CharField(max_length=200, blank=True, default="", db_default="")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    # Whoever was removed, here or in the realm, keeps a row, so that the audit can say who they
    # were. Who is made anew in the realm is somebody else.
    removed_at = models.DateTimeField(null=True)
    # How often their realm was told of a change: what was read there before is old.
    realm_version = models.PositiveIntegerField(default=0, db_default=0)
    # Access tokens that were given to them before are refused.
    sessions_ended_at = models.DateTimeField(null=True)

    # Whoever is the user of a request by a visit has no row, see `plexica.identity.visitor`.
    visit: Visit | None = None

    USERNAME_FIELD = "id"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["issuer", "subject"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering: ClassVar = ["email", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="user_issuer_subject_unique")
        ]
        indexes: ClassVar = [models.Index(fields=["email"], name="user_email")]

    def __str__(self) -> str:
        return self.get_full_name() or self.email or str(self.id)

    def natural_key(self) -> tuple[str, str]:
        """Return issuer and subject."""
        return self.issuer, self.subject

    def clean(self) -> None:
        """Leave the id alone: Django would normalize it as if it were typed by somebody."""

    @property
    def avatar_name(self) -> str:
        """The name of their picture in its address; empty without one."""
        return self.avatar.rpartition("/")[2]

    def get_full_name(self) -> str:
        """Return first and last name, as far as they are known."""
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        """Return what to call them in a greeting."""
        return self.first_name or self.email

    def get_session_auth_hash(self) -> str:
        """Return what a session is tied to: the person in the realm, as there is no password."""
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterable[str]:
        """Return the same under the secret keys that were used before (`SECRET_KEY_FALLBACKS`)."""
        return [self._session_hash(secret) for secret in settings.SECRET_KEY_FALLBACKS]

    def has_perm(self, perm: str, obj: object = None) -> bool:  # noqa: ARG002 (Django's signature)
        """Return whether they hold a permission, such as `core:users:invite`."""
        return has_permission(self, perm)

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Return whether they hold all of some permissions."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether they hold every permission of a namespace, such as `crm`."""
        return self.has_perm(f"{app_label}:*")

    def _session_hash(self, secret: str | bytes | None) -> str:
        return salted_hmac(
            "plexica.identity.models.User",
            f"{self.issuer}|{self.subject}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class ServiceAccountState(models.TextChoices):
    """How far a service account is; only an active one is let in."""

    CREATING = "creating", _("Being made")
    ACTIVE = "active", _("Active")
    REVOKED = "revoked", _("Revoked")
    # Its creation came to nothing; it goes as soon as its client is surely gone.
    ABANDONED = "abandoned", _("Not made")


MAX_SERVICE_ACCOUNT_NAME = 100
MAX_SERVICE_ACCOUNT_DESCRIPTION = 500


class ServiceAccount(models.Model):
    """A program of a tenant: a confidential client of its realm, which holds roles as a user.

    The realm keeps its secret. A revoked one stays here, so that it is known what it was.
    """

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="service_account"
    )
    client_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=MAX_SERVICE_ACCOUNT_NAME)
    description = models.CharField(max_length=MAX_SERVICE_ACCOUNT_DESCRIPTION, blank=True)
    state = models.CharField(
        max_length=20, choices=ServiceAccountState.choices, default=ServiceAccountState.CREATING
    )
    # Whether the realm may still have its client though it should not.
    is_client_left = models.BooleanField(default=False)
    created_by = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=timezone.now)
    # Tokens that were given before are refused.
    secret_rotated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name", "created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("name"),
                condition=models.Q(
                    state__in=[ServiceAccountState.CREATING, ServiceAccountState.ACTIVE]
                ),
                name="service_account_name_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ServiceAccountState.values),
                name="service_account_state_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


MAX_REASON = 300


class RealmChange(models.Model):
    """What the realm has yet to be told about a person, as it should be in the end.

    There is one a person at most: a later change goes into it, and raises its version. It goes when
    the realm has been told all of it.
    """

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="realm_change"
    )
    version = models.PositiveIntegerField(default=0)
    # What is empty is not to be changed.
    is_creation = models.BooleanField(default=False)
    is_enabled = models.BooleanField(null=True)
    first_name = models.CharField(max_length=255, null=True)  # noqa: DJ001 (an empty name is one)
    last_name = models.CharField(max_length=255, null=True)  # noqa: DJ001 (the same)
    # Empty: no language of their own.
    locale = models.CharField(max_length=35, null=True)  # noqa: DJ001 (the same)
    is_removal = models.BooleanField(default=False)
    ends_sessions = models.BooleanField(default=False)
    # Single sessions of the realm that are to end.
    ended_sessions = models.JSONField(null=True)
    sends_mail = models.BooleanField(default=False)
    # Whether the sync has left something alone meanwhile that the realm said of them.
    is_passed_over = models.BooleanField(default=False)

    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=MAX_REASON, blank=True)
    has_failed = models.BooleanField(default=False)
    # Who is at it now, and until when nobody else may be.
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)

    asked_by_kind = models.CharField(max_length=20)
    asked_by_id = models.CharField(max_length=255)
    asked_by_name = models.CharField(max_length=255)
    asked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["next_attempt_at"]
        indexes: ClassVar = [models.Index(fields=["next_attempt_at"], name="realm_change_due")]

    def __str__(self) -> str:
        return f"{self.user_id} version {self.version}"

    @property
    def is_for_state(self) -> bool:
        """Whether something in the realm is to become different; a mail changes nothing."""
        return (
            self.is_creation
            or self.is_removal
            or self.ends_sessions
            or self.is_enabled is not None
            or self.first_name is not None
            or self.last_name is not None
            or self.locale is not None
            or bool(self.ended_sessions)
        )

    def forget_state(self) -> None:
        """Take everything back but the mail, because the realm has been told it."""
        self.is_creation = self.is_removal = self.ends_sessions = self.is_passed_over = False
        self.is_enabled = self.first_name = self.last_name = self.locale = None
        self.ended_sessions = None


class RealmSync(models.Model):
    """How far the current scope is in step with its realm (ADR 13); one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    # The time up to which the realm's events are known, in its own milliseconds, and the ids of
    # the last ones, which are read again since others may come late.
    cursor = models.BigIntegerField(default=0)
    seen = models.JSONField(default=list)
    # Not each time that nothing was new, so that an idle realm costs no writing.
    polled_at = models.DateTimeField(null=True)
    all_read_at = models.DateTimeField(null=True)
    # Set anew by whoever wants everything to be read; taken away by who began after that.
    demand = models.UUIDField(null=True)
    failing_since = models.DateTimeField(null=True)
    error = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="realm_sync_one_row"),
        ]

    def __str__(self) -> str:
        return f"up to {self.cursor}"


MAX_REALM_SESSION = 255
MAX_ADDRESS = 64
MAX_USER_AGENT = 400


class BrowserSession(models.Model):
    """A login of a browser: what is known of it beside Django's own row, with which it goes.

    Several may belong to one session of the realm: two tabs that log in at once have one each.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # No constraint: processes of the version before end sessions, too, and do not know this table.
    session = models.OneToOneField(
        "sessions.Session", on_delete=models.CASCADE, related_name="browser", db_constraint=False
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="browser_sessions")
    # What Keycloak calls `sid`.
    realm_session = models.CharField(max_length=MAX_REALM_SESSION, blank=True, db_index=True)
    # ID token and refresh token, encrypted. They are not in the session's own data, which two
    # requests at once would overwrite for each other.
    tokens = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    # When the realm is asked again whether the person may go on; None where it cannot be.
    refresh_after = models.DateTimeField(null=True)
    # While a request asks, until when the others believe that it is alive.
    refreshing_until = models.DateTimeField(null=True)
    address = models.CharField(max_length=MAX_ADDRESS, blank=True)
    user_agent = models.CharField(max_length=MAX_USER_AGENT, blank=True)

    class Meta:
        ordering: ClassVar = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at}"


class EndedSession(models.Model):
    """A session of the realm that has ended, kept until its last access token has expired."""

    realm_session = models.CharField(max_length=MAX_REALM_SESSION, primary_key=True)
    ended_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.realm_session


class UsedLogoutToken(models.Model):
    """A logout token that has been acted on, as each is good once."""

    # Of its `jti`, which the realm may make as long as it likes.
    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest
