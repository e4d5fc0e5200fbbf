"""How a tenant's people log in, as its realm has it: passwords, and the second factor.

A second factor is required in the realm's flow for browsers: Keycloak then lets everybody who has
none set one up at their next login, those who were there before as well as those who come later.
"""

from dataclasses import dataclass
from typing import Any

from plexica.identity.keycloak.realm import RealmClient, realm_client
from tenants.models import Tenant

FLOW = "browser"
OTP_FORM = "auth-otp-form"
REQUIRED, CONDITIONAL, DISABLED = "REQUIRED", "CONDITIONAL", "DISABLED"
MAX_LENGTH = 128
READ_SECONDS = 3.0
Execution = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RealmSecurity:
    """What a realm asks of those who log in now.

    Attributes:
        password_policy: In Keycloak's words.
        second_factor_required: Whether nobody gets in without one.
        idle_minutes: For how long its sessions may be idle.
        max_minutes: How long its sessions last.
    """

    password_policy: str
    second_factor_required: bool
    idle_minutes: int
    max_minutes: int

    def is_as_set(self, tenant: Tenant) -> bool:
        """Return whether that is what the tenant has set."""
        return self == RealmSecurity(
            password_policy=password_policy(tenant),
            second_factor_required=tenant.second_factor_required,
            idle_minutes=tenant.session_idle_minutes,
            max_minutes=tenant.session_max_minutes,
        )


def password_policy(tenant: Tenant) -> str:
    """Return what a realm asks of passwords, in Keycloak's words."""
    rules = [
        f"length({tenant.password_min_length})",
        f"maxLength({MAX_LENGTH})",
        "notUsername",
        "notEmail",
    ]
    if tenant.password_mixed_case:
        rules += ["upperCase(1)", "lowerCase(1)"]
    if tenant.password_digit:
        rules.append("digits(1)")
    if tenant.password_symbol:
        rules.append("specialChars(1)")
    if tenant.password_history:
        rules.append(f"passwordHistory({tenant.password_history})")
    return " and ".join(rules)


def read_security(tenant: Tenant) -> RealmSecurity:
    """Return what a tenant's realm asks of those who log in now.

    Raises:
        OutwardError: Keycloak does not answer, or refuses.
    """
    realm = realm_client(tenant, read_seconds=READ_SECONDS)
    found = realm.get_settings()
    return RealmSecurity(
        password_policy=found.get("passwordPolicy", ""),
        second_factor_required=is_second_factor_required(realm.list_executions(FLOW)),
        idle_minutes=found["ssoSessionIdleTimeout"] // 60,
        max_minutes=found["ssoSessionMaxLifespan"] // 60,
    )


def is_second_factor_required(executions: list[Execution]) -> bool:
    """Return whether a flow lets nobody in without a second factor."""
    flow, form, conditions = _second_factor(executions)
    return (
        _requirement(flow) == REQUIRED
        and _requirement(form) == REQUIRED
        and all(_requirement(condition) == DISABLED for condition in conditions)
    )


def put_second_factor(realm: RealmClient, *, is_required: bool) -> None:
    """Have the realm's flow for browsers require a second factor, or only of those who have one."""
    flow, form, conditions = _second_factor(realm.list_executions(FLOW))
    asked = [(form, REQUIRED), (flow, REQUIRED if is_required else CONDITIONAL)]
    when = [
        *((condition, DISABLED if is_required else REQUIRED) for condition in conditions[:1]),
        *((condition, DISABLED) for condition in conditions[1:]),
    ]
    # In this order a change that stops half-way still asks whoever has a second factor for it: a
    # conditional flow without a condition is passed over.
    wanted = [*asked, *when] if is_required else [*when, *asked]
    for execution, requirement in wanted:
        if execution is not None and execution["requirement"] != requirement:
            realm.update_execution(FLOW, {**execution, "requirement": requirement})


def _second_factor(
    executions: list[Execution],
) -> tuple[Execution | None, Execution | None, list[Execution]]:
    """Return the part of a flow that asks for the second factor, its form, and its conditions."""
    place = next(
        (i for i, found in enumerate(executions) if found.get("providerId") == OTP_FORM), None
    )
    if place is None:
        return None, None, []
    form = executions[place]
    start = next(i for i in range(place, -1, -1) if executions[i]["level"] == form["level"] - 1)
    inside = []
    for execution in executions[start + 1 :]:
        if execution["level"] < form["level"]:
            break
        inside.append(execution)
    conditions = [
        found for found in inside if found.get("providerId", "").startswith("conditional-")
    ]
    return executions[start], form, conditions


def _requirement(execution: Execution | None) -> str:
    return str(execution["requirement"]) if execution else ""
