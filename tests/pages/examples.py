"""Real things in place of the parameters of pages.

A page without parameters is visited from the moment that it has an address. For a new parameter,
name here what stands in its place: without an example, the tests of all pages fail.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.utils import timezone

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.identity.models import ServiceAccount, ServiceAccountState, User, UserKind
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.rbac.services import assign_role
from plexica.rbac.visits import CHALLENGE_LENGTH
from plugins.backends import want_backend
from plugins.models import Installation, Plugin
from plugins.services import publish_release
from plugins.states import InstallationState
from tenants.models import DeletionRequest, ProvisioningRun, ProvisioningStep, Tenant
from tenants.scopes import tenant_scope
from tenants.states import RunKind, RunState, StepState
from tests.integration.plugins.packages import Author, empty_registry
from tests.pages.routes import Parameter, Route, routes

CONSOLE = "plexica.urls_console"
WORKSPACE = "plexica.urls_workspace"
_ISSUER = "http://pages"
INSTALLED, OFFERED, KEPT = "pages-installed", "pages-offered", "pages-kept"
# Of what is uninstalled and kept, other things are shown than of what is installed.
KEPT_PAGES = tuple(f"/plugins/{KEPT}/{page}" for page in ("", "install/", "uninstall/"))
_NEEDS_TOKEN = '\n[settings]\nrequired = ["token"]\n'


class Unknown(KeyError):
    """No example is known for a parameter."""


@dataclass(frozen=True)
class Examples:
    """What stands in the place of parameters on one host.

    Attributes:
        urlconf: The host's URLconf.
        values: The example for each parameter's name.
        queries: What a page's address ends in that is none without it, by the page's name.
        others: What stands in place of parameters on one page only, by the page's name.
    """

    urlconf: str
    values: dict[str, str]
    queries: dict[str, str] = field(default_factory=dict)
    others: dict[str, dict[str, str]] = field(default_factory=dict)

    def paths(self) -> dict[str, Route]:
        """Return the path of every page and of every action on one.

        Raises:
            Unknown: A route has a parameter without an example.
        """
        return {
            route.filled(partial(self._example, self.others.get(route.name, {})))
            + self.queries.get(route.name, ""): route
            for route in routes(self.urlconf)
            if route.is_for_people
        }

    def _example(self, others: dict[str, str], parameter: Parameter) -> str:
        try:
            return (self.values | others)[parameter.name]
        except KeyError:
            place = "tests/pages/examples.py"
            raise Unknown(f"Name an example for <{parameter.name}> in {place}.") from None


@contextmanager
def console_examples(tenant: Tenant) -> Iterator[Examples]:
    """Have what the console's pages show, for as long as a block runs."""
    with platform_scope():
        stella = User.objects.create(issuer=_ISSUER, subject=uuid.uuid4().hex, first_name="Stella")
        assign_role(holder=stella, role="read-only", actor=SYSTEM)
        run = tenant.runs.latest("created_at")
        author = Author()
        key = author.trusted()
        # Called as the tenant is, for both have a `slug`.
        release = author.registered(tenant.slug)
        want_backend(release=release)
        wish = DeletionRequest.objects.create(tenant=tenant, requested_by="Ada")
        entry = AuditEntry.objects.latest("at")
    try:
        yield Examples(
            CONSOLE,
            {
                "slug": tenant.slug,
                "run_id": str(run.pk),
                "visit_id": str(uuid.uuid4()),
                "key_id": str(key.pk),
                "version": release.version,
                "user_id": str(stella.pk),
                "entry_id": str(entry.pk),
                "action": "suspend",
            },
            {"tenant_support": f"?challenge={'0' * CHALLENGE_LENGTH}"},
        )
    finally:
        with platform_scope():
            User.objects.filter(issuer=_ISSUER).delete()
            wish.delete()
            empty_registry()


@contextmanager
def workspace_examples(tenant: Tenant) -> Iterator[Examples]:
    """Have what a workspace's pages show, for as long as a block runs."""
    with tenant_scope(tenant):
        bo = _user("Bo", email=f"bo@{tenant.slug}.example")
        group = Group.objects.create(name="Sales", description="Who sells.")
        role = Role.objects.create(key="custom-editors", name="Editors")
        assign_role(holder=bo, role="member", actor=SYSTEM)
        assign_role(holder=group, role="viewer", actor=SYSTEM)
        robot = _user("Robot", kind=UserKind.SERVICE_ACCOUNT)
        account = ServiceAccount.objects.create(
            user=robot,
            client_id=f"sa-{robot.pk}",
            name="Robot",
            state=ServiceAccountState.ACTIVE,
            created_by="Ada",
        )
        entry = AuditEntry.objects.latest("at")
    run = _plugins(tenant)
    try:
        yield Examples(
            WORKSPACE,
            {
                "user_id": str(bo.pk),
                "group_id": str(group.pk),
                "key": role.key,
                "account_id": str(account.pk),
                "entry_id": str(entry.pk),
                "slug": INSTALLED,
                "run_id": str(run.pk),
            },
            others={"plugin_install": {"slug": OFFERED}},
        )
    finally:
        with tenant_scope(tenant):
            RoleAssignment.objects.filter(user__issuer=_ISSUER).delete()
            RoleAssignment.objects.filter(group=group).delete()
            group.delete()
            role.delete()
            account.delete()
            User.objects.filter(issuer=_ISSUER).delete()
        with platform_scope():
            run.delete()
            empty_registry()


def _plugins(tenant: Tenant) -> ProvisioningRun:
    """Have a plugin that is installed and can be upgraded, one that is kept, and one to be had.

    Nothing is made of the installations: none is enabled, and so asked for anything.
    """
    with platform_scope():
        author = Author("Eve's key")
        author.trusted()
        for slug, version, more in (
            (INSTALLED, "0.1.0", ""),
            (INSTALLED, "0.2.0", _NEEDS_TOKEN),
            (OFFERED, "0.1.0", ""),
            (KEPT, "0.1.0", ""),
        ):
            release = author.registered(slug, version, name=slug, more=more)
            publish_release(release=release, actor=SYSTEM)
        run = ProvisioningRun.objects.create(
            tenant=tenant,
            kind=RunKind.PLUGIN_INSTALL,
            state=RunState.SUCCEEDED,
            requested_by="Ada",
            finished_at=timezone.now(),
        )
        ProvisioningStep.objects.create(
            run=run, position=0, name="schema", label="Database schema", state=StepState.DONE
        )
        plugin = Plugin.objects.get(slug=INSTALLED)
        Installation.objects.create(
            tenant=tenant,
            plugin=plugin,
            release=plugin.releases.get(version="0.1.0"),
            state=InstallationState.DISABLED,
            uses=["mail", "users:read"],
            installed_by="Ada",
            run=run,
        )
        kept = Plugin.objects.get(slug=KEPT)
        Installation.objects.create(
            tenant=tenant,
            plugin=kept,
            release=kept.releases.get(),
            state=InstallationState.UNINSTALLING,
            installed_by="Ada",
            purge_after=timezone.now() + timedelta(days=30),
        )
    return run


def _user(name: str, *, email: str = "", kind: UserKind = UserKind.PERSON) -> User:
    return User.objects.create(
        issuer=_ISSUER, subject=uuid.uuid4().hex, first_name=name, email=email, kind=kind
    )
