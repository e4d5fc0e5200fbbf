import uuid
from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from plexica.identity.permissions import has_permission


class UserManager(models.Manager["User"]):
    """Finds people by what their realm says about them, never by their address."""

    def get_by_natural_key(self, issuer: str, subject: str) -> "User":
        """Return the person that a realm knows under a subject."""
        return self.get(issuer=issuer, subject=subject)


class User(AbstractBaseUser):
    """A person of the current scope: of the platform's staff, or of one tenant.

    The realm holds passwords and proves who somebody is; this row is what Plexica remembers. A
    person is the pair of issuer and subject (OpenID Connect Core 1.0, section 5.7): addresses and
    names change and are given to others.
    """

    # The realm keeps the password.
    password = None  # type: ignore[assignment] # Django's way to leave a field out

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    email = models.EmailField(blank=True)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

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
