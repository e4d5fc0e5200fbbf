"""What comes in and what goes out.

What comes in is checked here for its shape only: JSON types, unknown members, text that cannot be
stored. Which values are acceptable is the services' business, so that page and API agree.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tenants import slugs
from tenants.api.addresses import run_address, runs_address, tenant_address
from tenants.life import MAX_GRACE_DAYS
from tenants.models import ProvisioningRun, ProvisioningStep, Tenant
from tenants.parts import configured_parts
from tenants.selectors import ORDERINGS
from tenants.services import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH
from tenants.session_limits import (
    MAX_IDLE_MINUTES,
    MAX_MAX_MINUTES,
    MIN_IDLE_MINUTES,
    MIN_MAX_MINUTES,
)
from tenants.states import WHOLE_STATES, RunKind, RunState, StepState, TenantState
from tenants.upgrade import parts_behind

DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 100
RETRY_MODES = (
    ("create", "Make the tenant, in a new run"),
    ("rollback", "Take back, in the same run, what could not be taken back"),
)
_MAX_NAMED_UNKNOWNS = 20
_MAX_ECHOED_LENGTH = 100


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses members that it does not know, and names them beside what else is wrong."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values.

        Raises:
            ValidationError: Some are of the wrong type, missing or unknown.
        """
        problems: dict[str, Any] = {}
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            problems = {
                name[:_MAX_ECHOED_LENGTH]: [self.explain_unknown(name)]
                for name in unknown[:_MAX_NAMED_UNKNOWNS]
            }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
            raise serializers.ValidationError({**detail, **problems}) from error
        if problems:
            raise serializers.ValidationError(problems)
        return values

    def explain_unknown(self, name: str) -> str:  # noqa: ARG002 (for those who know the name)
        """Return what is said about a member that is not known."""
        return "There is no such field."


class TextField(serializers.CharField):
    """A JSON string, as it is: no number becomes one, nothing is cut off."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the string.

        Raises:
            ValidationError: It is something else.
        """
        if not isinstance(data, str):
            self.fail("invalid")
        return data


# The schema tells the services' rules; they themselves are checked by the services.
@extend_schema_field(
    {
        "type": "string",
        "minLength": slugs.MIN_LENGTH,
        "maxLength": slugs.MAX_LENGTH,
        "pattern": f"^{slugs.PATTERN.pattern}$",
        "description": "The short name, part of the workspace's address. It never changes.",
    }
)
class SlugField(TextField):
    """A slug."""


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH})
class NameField(TextField):
    """A tenant's name."""


@extend_schema_field({"type": "string", "format": "email", "maxLength": MAX_EMAIL_LENGTH})
class EmailField(TextField):
    """An e-mail address."""


@extend_schema_field(
    {
        "type": "string",
        "maxLength": MAX_EMAIL_LENGTH,
        "description": "An e-mail address, or empty for none.",
    }
)
class OptionalEmailField(TextField):
    """An e-mail address, or nothing."""


@extend_schema_field({"type": "string", "enum": TenantState.values})
class StateField(TextField):
    """A tenant's state."""


@extend_schema_field({"type": "string", "enum": list(ORDERINGS)})
class OrderingField(TextField):
    """What a list is ordered by."""


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction, as it is: neither text nor true or false becomes one."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number.

        Raises:
            ValidationError: It is something else.
        """
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


@extend_schema_field(
    {
        "type": "integer",
        "minimum": MIN_IDLE_MINUTES,
        "maximum": MAX_IDLE_MINUTES,
        "description": "For how many minutes a browser's session may be idle; not more than"
        " `session_max_minutes`.",
    }
)
class IdleMinutesField(WholeNumberField):
    """How long sessions may be idle."""


@extend_schema_field(
    {
        "type": "integer",
        "minimum": MIN_MAX_MINUTES,
        "maximum": MAX_MAX_MINUTES,
        "description": "How many minutes after the login a browser's session ends in any case.",
    }
)
class MaxMinutesField(WholeNumberField):
    """How long sessions last at most."""


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


class _NumberField(serializers.Field[int, str, int, Any]):
    """A whole number in plain decimal digits, between two bounds."""

    at_least: ClassVar[int]
    at_most: ClassVar[int]
    default_error_messages = {"invalid": "Use a whole number from {at_least} to {at_most}."}

    def to_internal_value(self, data: str) -> int:
        """Return the number.

        Raises:
            ValidationError: It is none, or out of bounds.
        """
        is_number = re.fullmatch(r"[0-9]{1,3}", data)
        if not is_number or not self.at_least <= int(data) <= self.at_most:
            self.fail("invalid", at_least=self.at_least, at_most=self.at_most)
        return int(data)

    def to_representation(self, value: int) -> int:
        """Return the number."""
        return value


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE})
class PageSizeField(_NumberField):
    """How many items a page has."""

    at_least = 1
    at_most = MAX_PAGE_SIZE


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": MAX_GRACE_DAYS})
class GraceDaysField(_NumberField):
    """For how many days a deletion can be called off."""

    at_least = 0
    at_most = MAX_GRACE_DAYS


class QuerySerializer(StrictSerializer):
    """Reads the parameters of an address; each is given once, unless it is a list."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values.

        Raises:
            ValidationError: A parameter is unknown, repeated or not acceptable.
        """
        lists = [
            name for name, field in self.fields.items() if isinstance(field, serializers.ListField)
        ]
        repeated = [
            name
            for name, values in data.lists()
            if name in self.fields and name not in lists and len(values) > 1
        ]
        if repeated:
            raise serializers.ValidationError({name: ["Give it once."] for name in repeated})
        return super().to_internal_value(
            {name: values if name in lists else values[-1] for name, values in data.lists()}
        )

    def explain_unknown(self, name: str) -> str:  # noqa: ARG002 (every name is the same here)
        """Say that it is a parameter of the address."""
        return "There is no such parameter."


class PageQuerySerializer(QuerySerializer):
    """Which page of a list is asked for."""

    cursor = TextField(
        required=False,
        default="",
        allow_blank=True,
        help_text="From the `next` or `previous` address of another page; it has no other meaning.",
    )
    page_size = PageSizeField(required=False, default=DEFAULT_PAGE_SIZE)


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


class EmptySerializer(StrictSerializer):
    """A body that says nothing: `{}`, or none at all."""


class PartVersionSerializer(serializers.Serializer[Any]):
    """Whether one part of a tenant is at its present version."""

    part = serializers.CharField(help_text="`schema`, `roles`, `bucket` or `realm`.")
    is_current = serializers.BooleanField()


class TenantSerializer(serializers.ModelSerializer[Tenant]):
    """A tenant."""

    url = serializers.SerializerMethodField()
    runs_url = serializers.SerializerMethodField()
    workspace_url = serializers.URLField(read_only=True)
    contact_email = serializers.CharField(
        read_only=True, help_text="An e-mail address, or empty for none."
    )
    session_idle_minutes = serializers.IntegerField(
        read_only=True, help_text="For how many minutes a browser's session may be idle."
    )
    session_max_minutes = serializers.IntegerField(
        read_only=True,
        help_text="How many minutes after the login a browser's session ends in any case.",
    )
    state = serializers.ChoiceField(choices=TenantState.choices, read_only=True)
    state_before_deletion = serializers.CharField(
        read_only=True, help_text="While it is being deleted: the state that `restore` brings back."
    )
    purge_after = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text="While it is being deleted: until when it can be restored.",
    )
    parts = serializers.SerializerMethodField()

    class Meta:
        model = Tenant
        fields = (
            "id", "url", "slug", "name", "state", "owner_email", "contact_email", "workspace_url",
            "runs_url", "schema_name", "realm", "bucket", "session_idle_minutes",
            "session_max_minutes", "version", "created_at", "updated_at",
            "activated_at", "state_before_deletion", "purge_after", "parts",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(PartVersionSerializer(many=True))
    def get_parts(self, tenant: Tenant) -> list[dict[str, Any]]:
        """Return which parts are at their present version; none before it has any."""
        if tenant.state not in WHOLE_STATES:
            return []
        behind = {part.name for part in parts_behind(tenant)}
        return [{"part": name, "is_current": name not in behind} for name in configured_parts()]

    def get_url(self, tenant: Tenant) -> str:
        """Return the tenant's own address."""
        return tenant_address(tenant.slug)

    def get_runs_url(self, tenant: Tenant) -> str:
        """Return the address of the tenant's runs."""
        return runs_address(tenant.slug)


class StepSerializer(serializers.ModelSerializer[ProvisioningStep]):
    """One step of a run."""

    state = serializers.ChoiceField(choices=StepState.choices, read_only=True)
    error = serializers.CharField(source="error_message", read_only=True)
    seconds = serializers.FloatField(
        read_only=True, allow_null=True, help_text="How long it took, or has taken until now."
    )

    class Meta:
        model = ProvisioningStep
        fields = (
            "name", "label", "state", "attempts", "error", "started_at", "finished_at", "seconds",
        )  # fmt: skip
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer[ProvisioningRun]):
    """A provisioning run."""

    url = serializers.SerializerMethodField()
    tenant = serializers.SlugRelatedField[Tenant](slug_field="slug", read_only=True)
    kind = serializers.ChoiceField(choices=RunKind.choices, read_only=True)
    state = serializers.ChoiceField(choices=RunState.choices, read_only=True)
    error = serializers.CharField(source="error_message", read_only=True)
    seconds = serializers.FloatField(
        read_only=True, allow_null=True, help_text="How long it took, or has taken until now."
    )
    steps = StepSerializer(many=True, read_only=True)

    class Meta:
        model = ProvisioningRun
        fields = (
            "id", "url", "tenant", "kind", "state", "failed_step", "error", "requested_by",
            "created_at", "started_at", "finished_at", "seconds", "steps",
        )  # fmt: skip
        read_only_fields = fields

    def get_url(self, run: ProvisioningRun) -> str:
        """Return the run's own address."""
        return run_address(run)


class _PageSerializer(serializers.Serializer[Any]):
    """A page of a list."""

    next = serializers.URLField(allow_null=True, help_text="The page after this one.")
    previous = serializers.URLField(allow_null=True, help_text="The page before this one.")


class TenantPageSerializer(_PageSerializer):
    """A page of tenants."""

    results = TenantSerializer(many=True)


class RunPageSerializer(_PageSerializer):
    """A page of runs."""

    results = RunSerializer(many=True)


class TenantRunSerializer(serializers.Serializer[Any]):
    """A tenant and the run that makes it."""

    tenant = TenantSerializer(read_only=True)
    run = RunSerializer(read_only=True)


def render_tenant_and_run(run: ProvisioningRun) -> dict[str, Any]:
    """Return a run and its tenant as they go out."""
    return {"tenant": TenantSerializer(run.tenant).data, "run": RunSerializer(run).data}
