"""What is asked for, and what comes in to make and change tenants."""

from rest_framework import serializers

from tenants.api.serializers.fields import (
    EmailField,
    GraceDaysField,
    IdleMinutesField,
    MaxMinutesField,
    NameField,
    OptionalEmailField,
    OrderingField,
    SlugField,
    StateField,
    TextField,
)
from tenants.api.serializers.pages import PageQuerySerializer
from tenants.api.serializers.strict import QuerySerializer, StrictSerializer
from tenants.api.serializers.tenants_out import TenantSerializer
from tenants.validation import MAX_EMAIL_LENGTH

RETRY_MODES = (
    ("create", "Make the tenant, in a new run"),
    ("rollback", "Take back, in the same run, what could not be taken back"),
)


class TenantCreateSerializer(StrictSerializer):
    """A new tenant."""

    slug = SlugField()
    name = NameField()
    owner_email = EmailField(help_text="Where the owner gets the invitation.")
    contact_email = OptionalEmailField(required=False, default="", allow_blank=True)


class TenantUpdateSerializer(StrictSerializer):
    """What may change of a tenant."""

    name = NameField(required=False)
    contact_email = OptionalEmailField(required=False, allow_blank=True)
    session_idle_minutes = IdleMinutesField(required=False)
    session_max_minutes = MaxMinutesField(required=False)

    def explain_unknown(self, name: str) -> str:
        """Tell a field that never changes from one that is not there."""
        known = name in TenantSerializer.Meta.fields
        return "This cannot be changed." if known else super().explain_unknown(name)


class RetrySerializer(StrictSerializer):
    """How a failed run is tried again."""

    mode = serializers.ChoiceField(
        choices=RETRY_MODES, required=False, default="create", help_text="What to try."
    )


class TenantQuerySerializer(PageQuerySerializer):
    """Which tenants are asked for."""

    search = TextField(
        required=False,
        default="",
        allow_blank=True,
        max_length=MAX_EMAIL_LENGTH,
        help_text="Part of a name, a slug or an owner's address, whatever its case.",
    )
    state = serializers.ListField(
        child=StateField(),
        required=False,
        default=list,
        help_text="Only tenants in one of these states; give it again for more than one.",
    )
    behind = serializers.BooleanField(
        required=False, default=False, help_text="Only tenants that an upgrade would change."
    )
    ordering = OrderingField(required=False, default="-created_at")


class DeleteQuerySerializer(QuerySerializer):
    """How a tenant is to be deleted."""

    confirm = TextField(help_text="The tenant's slug again, to say that it is meant.")
    grace_days = GraceDaysField(
        required=False,
        default=None,
        help_text="For how many days it can be restored; 0 removes it at once. The platform's"
        " setting if left out.",
    )
