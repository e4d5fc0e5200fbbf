"""What somebody may give to others: nothing that they do not hold themselves."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.actor import Actor
from plexica.core.errors import Conflict, PermissionRefused
from plexica.identity.models import User
from plexica.rbac.engine import snapshot_of
from plexica.rbac.keys import WILDCARD
from plexica.rbac.registry import Audience
from plexica.rbac.selectors import current_audience, has_holder
from plexica.rbac.snapshot import NOTHING, Snapshot
from plexica.rbac.system_roles import OWNER, SUPER_ADMIN, grants_of_roles
from tenants.epochs import raise_epoch

EVERYTHING = Snapshot(roles=frozenset(), grants=frozenset({WILDCARD}))


class BeyondAuthority(PermissionRefused):
    """Somebody gives, takes or changes more than they hold."""

    code = "beyond-authority"
    title = gettext_noop("You cannot give or take what you do not hold yourself")


class LastSuperAdmin(Conflict):
    """Nobody would be left who may do everything in the console."""

    code = "last-super-admin"
    title = gettext_noop("The console keeps at least one super admin")


class LastOwner(Conflict):
    """The tenant would be left without an owner."""

    code = "last-owner"
    title = gettext_noop("A tenant keeps at least one owner")


def authority_of(actor: Actor) -> Snapshot:
    """Return what an actor holds in the current scope.

    The system holds everything. A program of the platform has no row: its token's roles count.
    """
    if actor.kind == "system":
        return EVERYTHING
    user = _find_user(actor.id)
    if user is not None:
        return snapshot_of(user)
    if current_audience() is Audience.PLATFORM:
        grants = grants_of_roles(Audience.PLATFORM, actor.roles)
        return Snapshot(roles=actor.roles, grants=grants)
    return NOTHING


def check_authority(actor: Actor, grants: Iterable[str]) -> None:
    """Make sure that an actor holds all of some patterns.

    Raises:
        BeyondAuthority: They do not; the first that they lack is named.
    """
    held = authority_of(actor)
    for grant in sorted(grants):
        if not held.allows(grant):
            raise BeyondAuthority(
                _("This involves the permission %(permission)s, which you do not hold.")
                % {"permission": grant}
            )


@contextmanager
def keeping_an_owner() -> Iterator[None]:
    """Let a block change who holds what, unless that takes the last owner or super admin away.

    It raises the scope's epoch first, in the present transaction: so of two changes at once the
    second sees the first. Where there is none already, because the realm has shut the last one
    out, nothing is refused: others must still be shut out.

    Raises:
        LastOwner: The tenant had an owner and would have none.
        LastSuperAdmin: The console had a super admin and would have none.
    """
    raise_epoch()
    is_tenant = current_audience() is Audience.TENANT
    key = OWNER if is_tenant else SUPER_ADMIN
    had_one = has_holder(key)
    yield
    if not had_one or has_holder(key):
        return
    if is_tenant:
        raise LastOwner(_("Make somebody else an owner first."))
    raise LastSuperAdmin(_("Make somebody else a super admin first."))


def _find_user(actor_id: str) -> User | None:
    try:
        return User.objects.filter(pk=uuid.UUID(actor_id)).first()
    except ValueError:
        return None
