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

from plexica.identity.permissions import has_permission


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
    locale = models.CharField(max_length=35, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    # Whoever was removed keeps a row, so that the audit can say who they were.
    removed_at = models.DateTimeField(null=True)

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
