"""What a login means for roles."""

from plexica.identity.jwt.bearer import realm_roles
from plexica.identity.jwt.tokens import Claims
from plexica.identity.models import User
from plexica.rbac.registry import Audience
from plexica.rbac.selectors import current_audience
from plexica.rbac.services import assign_default_role, follow_token_roles
from plexica.rbac.system_roles import MEMBER


def take_roles_at_login(*, user: User, claims: Claims) -> None:
    """Give a person who logs in the roles that are theirs by that.

    In the console, the realm of the platform's staff decides, anew at each login. In a workspace,
    Plexica decides: who logs in for the first time and holds no role becomes a member. Later
    logins give nothing, so that a person can be left without any role.
    """
    if current_audience() is Audience.PLATFORM:
        follow_token_roles(user=user, roles=realm_roles(claims))
    elif user.last_login is None:
        assign_default_role(user=user, role=MEMBER)
