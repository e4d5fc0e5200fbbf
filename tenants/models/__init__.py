"""The tables of tenants and of what is done to them."""

from tenants.models.platform import PlatformState, SchemaTemplate
from tenants.models.runs import IdempotencyKey, ProvisioningRun, ProvisioningStep
from tenants.models.tenant import OWN_SETTINGS, SCHEMA_OF_TENANT, Domain, Tenant, TenantSecret
from tenants.models.upkeep import (
    RECONCILED_WITHIN,
    DeletionRequest,
    Inspection,
    RealmAccess,
    Reconciliation,
    SupportVisit,
)

__all__ = [
    "OWN_SETTINGS",
    "RECONCILED_WITHIN",
    "SCHEMA_OF_TENANT",
    "DeletionRequest",
    "Domain",
    "IdempotencyKey",
    "Inspection",
    "PlatformState",
    "ProvisioningRun",
    "ProvisioningStep",
    "RealmAccess",
    "Reconciliation",
    "SchemaTemplate",
    "SupportVisit",
    "Tenant",
    "TenantSecret",
]
