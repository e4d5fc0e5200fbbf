"""An owner's first steps in a new workspace, and which of them are done."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from plexica.audit.selectors import has_changed
from plexica.identity.models import User
from plexica.identity.selectors import count_ever_invited
from plexica.rbac.engine import snapshot_of
from plexica.rbac.system_roles import OWNER
from tenants.models import Tenant

_GENERAL = ("name", "locale", "time_zone", "contact_email")


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps.

    Attributes:
        title: What to do.
        text: What it is good for.
        url: Where it is done.
        is_done: Whether it has been.
    """

    title: str
    text: str
    url: str
    is_done: bool


def may_see_checklist(*, viewer: User, tenant: Tenant) -> bool:
    """Return whether somebody is an owner, and no owner has put the list away."""
    return tenant.checklist_dismissed_at is None and OWNER in snapshot_of(viewer).roles


def list_steps(*, tenant: Tenant) -> list[Step]:
    """Return the first steps; each says truly whether it is done."""
    return [
        Step(
            title=_("Show your logo"),
            text=_("Everybody sees it on each page and where they log in."),
            url=reverse("workspace:settings_theme"),
            is_done=bool(tenant.logo),
        ),
        Step(
            title=_("Invite somebody"),
            text=_("They get a mail and choose their own password."),
            url=reverse("workspace:person_invite"),
            is_done=count_ever_invited() > 1,
        ),
        Step(
            title=_("Look at the settings"),
            text=_(
                "Name, language, time zone and whom to contact: done once one of them is changed."
            ),
            url=reverse("workspace:settings_general"),
            is_done=has_changed(action="tenant.updated", values=_GENERAL),
        ),
    ]
