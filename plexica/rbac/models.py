import uuid
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plexica.rbac.keys import MAX_LENGTH, PATTERN_EXPRESSION, is_pattern

ROLE_KEY_EXPRESSION = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
# A later version may bring a system role of any other name without meeting a custom one.
CUSTOM_KEY_PREFIX = "custom-"
MAX_KEY_LENGTH = 64
MAX_NAME_LENGTH = 100
MAX_DESCRIPTION_LENGTH = 500
MAX_REALM_PATH_LENGTH = 500


def validate_pattern(text: str) -> None:
    """Accept a pattern of permission keys.

    Raises:
        ValidationError: It is none.
    """
    if not is_pattern(text):
        raise ValidationError(
            _("Write namespace:resource:action, namespace:resource:*, namespace:* or *."),
            code="pattern",
        )


class Role(models.Model):
    """A named set of grants. System roles come with the code, custom ones from people."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(
        max_length=MAX_KEY_LENGTH,
        unique=True,
        validators=[RegexValidator(rf"^{ROLE_KEY_EXPRESSION}\Z")],
    )
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    description = models.CharField(max_length=MAX_DESCRIPTION_LENGTH, blank=True)
    is_system = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            # Apart, so that a later system role cannot meet a custom one's name.
            models.UniqueConstraint(Lower("name"), "is_system", name="role_name_unique"),
            models.CheckConstraint(
                condition=models.Q(key__regex=rf"^{ROLE_KEY_EXPRESSION}$"), name="role_key_form"
            ),
            models.CheckConstraint(
                condition=models.Q(is_system=False, key__startswith=CUSTOM_KEY_PREFIX)
                | (models.Q(is_system=True) & ~models.Q(key__startswith=CUSTOM_KEY_PREFIX)),
                name="role_custom_key_prefix",
            ),
        ]

    def __str__(self) -> str:
        # Those that come with the code are kept in English.
        return gettext(self.name) if self.is_system else self.name


class Grant(models.Model):
    """A pattern of permissions that a role gives to those who hold it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="grants")
    permission = models.CharField(max_length=MAX_LENGTH, validators=[validate_pattern])

    class Meta:
        ordering: ClassVar = ["permission"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["role", "permission"], name="grant_unique"),
            models.CheckConstraint(
                condition=models.Q(permission__regex=rf"^({PATTERN_EXPRESSION})$"),
                name="grant_permission_form",
            ),
        ]

    def __str__(self) -> str:
        return self.permission


class Group(models.Model):
    """People who get roles together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    description = models.CharField(max_length=MAX_DESCRIPTION_LENGTH, blank=True)
    # The group of the realm whose members are members here, too. By its id it is known when it is
    # renamed; without one, the realm has no group at this path.
    realm_path = models.CharField(
        max_length=MAX_REALM_PATH_LENGTH, blank=True, default="", db_default=""
    )
    realm_group_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="group_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipSource(models.TextChoices):
    """How somebody came into a group; only its own source takes them out by itself."""

    MANUAL = "manual", _("By a person")
    REALM = "realm", _("By the login realm")


class GroupMembership(models.Model):
    """One person in one group."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="group_memberships"
    )
    source = models.CharField(
        max_length=10,
        choices=MembershipSource.choices,
        default=MembershipSource.MANUAL,
        db_default=MembershipSource.MANUAL,
    )
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "user"], name="group_membership_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"


class AssignmentSource(models.TextChoices):
    """How an assignment came about; only its own source takes it back by itself."""

    MANUAL = "manual", _("By a person")
    SYSTEM = "system", _("By Plexica")
    TOKEN = "token", _("By the login realm")


class RoleAssignment(models.Model):
    """A role that a person holds, or a group for all who are in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # A role in use is not deleted by the way.
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="assignments")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="role_assignments",
    )
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="role_assignments"
    )
    source = models.CharField(
        max_length=10, choices=AssignmentSource.choices, default=AssignmentSource.MANUAL
    )
    # `kind:id` of the actor: not only people assign roles, and their rows may go.
    assigned_by = models.CharField(max_length=300)
    assigned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, group__isnull=True)
                | models.Q(user__isnull=True, group__isnull=False),
                name="role_assignment_user_or_group",
            ),
            models.UniqueConstraint(
                fields=["role", "user"],
                condition=models.Q(user__isnull=False),
                name="role_assignment_user_unique",
            ),
            models.UniqueConstraint(
                fields=["role", "group"],
                condition=models.Q(group__isnull=False),
                name="role_assignment_group_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(source__in=AssignmentSource.values),
                name="role_assignment_source_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} to {self.user_id or self.group_id}"
