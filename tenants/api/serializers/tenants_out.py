"""Tenants and their runs, as they go out."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tenants.api.addresses import run_address, runs_address, tenant_address
from tenants.models import ProvisioningRun, ProvisioningStep, Tenant
from tenants.parts import configured_parts
from tenants.states import WHOLE_STATES, RunKind, RunState, StepState, TenantState
from tenants.upgrade import parts_behind


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
