"""A tenant's realm, compared with what it should be, mended, and brought to the present version."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import ClassVar

from django.utils.translation import gettext_noop

from plexica.core.errors import PermanentError
from plexica.identity.keycloak.errors import KeycloakForbidden, KeycloakUnauthorized
from plexica.identity.keycloak.master import MasterClient, master_client
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.keycloak.tokens import drop_token
from plexica.identity.providers import MANAGEMENT_CLIENT, MANAGEMENT_SECRET
from plexica.identity.realm_account import kept_secret, mend_account
from plexica.identity.realm_comparison import Mismatch, RealmComparison
from plexica.identity.realm_orphans import find_orphans, remove_orphan
from plexica.identity.realm_power import is_access_open
from plexica.identity.realm_representation import TENANT_ATTRIBUTE, realm_digest
from tenants.models import Tenant
from tenants.parts import Difference, Finding, Part


class RealmPart(Part):
    """What Plexica says of a tenant's realm; whatever else is in it is its people's."""

    name: ClassVar[str] = "realm"
    label: ClassVar[str] = gettext_noop("Login realm")
    digest_field: ClassVar[str] = "realm_digest"

    def present_digest(self) -> str:
        """Return the digest of all that code and settings say of a realm."""
        return realm_digest()

    def inspect(self, tenant: Tenant) -> list[Finding]:
        """Compare the realm, and what the master realm keeps of it."""
        return [
            Finding(
                part=self.name,
                difference=found.difference,
                what=found.what,
                detail=found.detail,
                can_repair=found.mend is not None,
            )
            for found in _compare(tenant)
        ]

    def repair(self, tenant: Tenant, findings: Iterable[Finding]) -> None:
        """Mend findings; what was hidden behind one of them is mended along with it."""
        names = {finding.what for finding in findings}
        _mend(tenant, lambda found: found.what in names)

    def upgrade(self, tenant: Tenant) -> None:
        """Mend whatever differs, and keep what the realm's people changed.

        Raises:
            PermanentError: The realm is gone or somebody else's, or Plexica is locked out of it.
        """
        for found in _mend(tenant, lambda _found: True):
            if found.hides_others:
                raise PermanentError(f"{found.what}: {found.detail}")
        # In any case, as nobody can read whether the mail server's password is the present one.
        RealmComparison(tenant, realm_client(tenant)).put_settings()

    def find_orphans(self) -> list[Finding]:
        """Return realms, and leftovers of them in the master realm, that are no tenant's."""
        return find_orphans(part=self.name)

    def remove_orphan(self, finding: Finding) -> None:
        """Delete such a realm if it bears Plexica's mark, or such a leftover.

        Raises:
            PermanentError: It has become a tenant's, or bears no mark.
        """
        remove_orphan(finding)


def _mend(tenant: Tenant, is_chosen: Callable[[Mismatch], bool]) -> list[Mismatch]:
    """Mend what is chosen, and return what of it cannot be."""
    chosen = [found for found in _compare(tenant) if is_chosen(found)]
    # Several have the same remedy, which is applied once.
    for mend in dict.fromkeys(found.mend for found in chosen if found.mend):
        mend()
    if any(found.hides_others and found.mend for found in chosen):
        # What was hidden was asked for along with it; if it is still hidden, nothing helps.
        return _mend(tenant, lambda found: not found.hides_others)
    return [found for found in chosen if found.mend is None]


def _compare(tenant: Tenant) -> list[Mismatch]:
    master = master_client(tenant.keycloak)
    if not master.exists(tenant.realm):
        return [
            Mismatch(
                Difference.MISSING,
                f"realm {tenant.realm}",
                "Its people and their passwords were in it, so an empty one would not help."
                " Restore Keycloak's database from a backup, or delete the tenant.",
                mend=None,
                hides_others=True,
            )
        ]
    if kept_secret(tenant, MANAGEMENT_SECRET) is None:
        detail = "Plexica does not have the secret of the realm's own account, or cannot decrypt it"
        return [_locked_out(tenant, master, f"secret {MANAGEMENT_SECRET}", detail)]
    realm = realm_client(tenant)
    # A token of before would hide that no new one is to be had.
    drop_token(realm.account)
    try:
        comparison = RealmComparison(tenant, realm)
    except (KeycloakUnauthorized, KeycloakForbidden) as error:
        detail = f"The realm's own account does not work ({str(error).rstrip('.')})"
        return [_locked_out(tenant, master, f"account {MANAGEMENT_CLIENT}", detail)]
    if comparison.owner not in ("", str(tenant.id)):
        return [_somebody_elses(tenant)]
    return [*comparison.mismatches(), *_compare_in_master(tenant, master)]


def _compare_in_master(tenant: Tenant, master: MasterClient) -> Iterator[Mismatch]:
    powers = master.count_powers(tenant.realm)
    give_away = partial(master.give_power_away, tenant.realm) if powers else None
    if powers and not is_access_open(tenant):
        yield Mismatch(
            Difference.DIFFERENT,
            f"power over realm {tenant.realm}",
            f"The role admin of the master realm has {powers} of its roles, expected none.",
            give_away,
        )
    spare = master.find_spare_account(tenant.realm)
    if spare and spare.is_admin:
        yield Mismatch(
            Difference.DIFFERENT,
            f"role admin of the spare account of realm {tenant.realm}",
            "Whoever took power over the realm was cut off, and left it with too much.",
            partial(master.demote_spare_account, tenant.realm),
        )
    if not (spare and spare.holds_power):
        yield Mismatch(
            Difference.MISSING,
            f"spare account of realm {tenant.realm}",
            "It is to hold the power over the realm."
            if give_away
            else "Nobody holds the power over the realm any more, so nobody can give it; the"
            " realm's own account does all that is needed meanwhile.",
            give_away,
        )


def _locked_out(tenant: Tenant, master: MasterClient, what: str, detail: str) -> Mismatch:
    """Return the finding that Plexica cannot look into a realm, which says who can help."""
    if master.count_powers(tenant.realm):
        attributes = master.get_realm(tenant.realm).get("attributes", {})
        if attributes.get(TENANT_ATTRIBUTE) != str(tenant.id):
            return _somebody_elses(tenant)
    elif not ((spare := master.find_spare_account(tenant.realm)) and spare.holds_power):
        return Mismatch(
            Difference.DIFFERENT,
            what,
            f"{detail}, and the master realm has no spare account for the realm: it is somebody"
            " else's, or Keycloak's database must be restored from a backup.",
            mend=None,
            hides_others=True,
        )
    return Mismatch(
        Difference.DIFFERENT,
        what,
        f"{detail}. The rest can be compared once this is mended.",
        partial(mend_account, tenant),
        hides_others=True,
    )


def _somebody_elses(tenant: Tenant) -> Mismatch:
    return Mismatch(
        Difference.DIFFERENT,
        f"realm {tenant.realm}",
        "It bears the mark of another tenant, or none: it is somebody else's, and is left alone.",
        mend=None,
        hides_others=True,
    )
