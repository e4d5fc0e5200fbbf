"""Factors in words: what a realm may ask a person for, what they have, and what can be done."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plexica.identity.keycloak.account import Factor, FactorKind
from plexica.identity.oidc.actions import REMOVE_PREFIX, is_action

PASSWORD = "password"  # noqa: S105 (a kind of factor)
_NAMES: dict[str, Promise] = {
    PASSWORD: _("Password"),
    "otp": _("Authenticator app"),
    "webauthn": _("Security key"),
    "webauthn-passwordless": _("Passkey"),
    "recovery-authn-codes": _("Recovery codes"),
}


@dataclass(frozen=True, slots=True)
class ShownFactor:
    """One factor.

    Attributes:
        factor: The factor.
        remove: The action that removes it; empty if that is not possible.
    """

    factor: Factor
    remove: str


@dataclass(frozen=True, slots=True)
class ShownKind:
    """A kind of factors.

    Attributes:
        name: What people call it.
        action: The action that sets one up, or replaces the only one; empty if there is none.
        is_replacing: Whether the action replaces one.
        factors: Those that there are.
    """

    name: Promise
    action: str
    is_replacing: bool
    factors: tuple[ShownFactor, ...]


def shown_kinds(found: Iterable[FactorKind]) -> list[ShownKind]:
    """Return the kinds that Plexica knows, as a realm tells them."""
    return [_shown(kind, _NAMES[kind.kind]) for kind in found if kind.kind in _NAMES]


def usual_kinds() -> list[ShownKind]:
    """Return what every realm has, for when it cannot be asked what there is."""
    return [
        ShownKind(_NAMES[PASSWORD], "UPDATE_PASSWORD", is_replacing=True, factors=()),
        ShownKind(_NAMES["otp"], "CONFIGURE_TOTP", is_replacing=False, factors=()),
    ]


def _shown(kind: FactorKind, name: Promise) -> ShownKind:
    action = kind.update if kind.factors and kind.update else kind.create
    return ShownKind(
        name=name,
        action=action if is_action(action) else "",
        is_replacing=bool(kind.factors) and action == kind.update,
        factors=tuple(
            ShownFactor(
                factor,
                remove=f"{REMOVE_PREFIX}{factor.id}"
                if kind.is_removable and is_action(f"{REMOVE_PREFIX}{factor.id}")
                else "",
            )
            for factor in kind.factors
        ),
    )
