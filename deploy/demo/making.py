"""Makes a tenant of the demo by the services that pages and API use; what is there stays."""

import io
import time
from collections.abc import Callable, Iterable

from django.db.models import QuerySet
from django.test import Client

from deploy.demo.cast import DemoPerson, DemoTenant
from deploy.demo.errors import DemoError
from deploy.demo.plugin import PLUGIN, plugin_command
from deploy.demo.visits import NotComeIn, visit
from plexica.core.actor import Actor, operator
from plexica.core.scope import platform_scope
from plexica.identity.actors import actor_of_user
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.models import User
from plexica.rbac.custom_roles import create_role
from plexica.rbac.groups import add_member, create_group
from plexica.rbac.models import Group, Role
from plexica.rbac.people import Invitee, invite_people
from plexica.rbac.service_accounts import create_service_account, list_with_roles
from plexica.rbac.services import assign_role
from plexica.storage.files import NameTaken, make_folder, upload_file
from plugins.models import Installation
from tenants.life import suspend_tenant
from tenants.models import ProvisioningRun, Tenant
from tenants.scopes import active_tenant_scope, tenant_scope
from tenants.services import create_tenant, update_tenant, update_theme
from tenants.states import UNFINISHED_RUN_STATES, TenantState

_RUN_SECONDS = 120
_LOOK_SECONDS = 0.5
_PERSON_SECONDS = 60
Say = Callable[[str], None]


def make_tenant(demo: DemoTenant, *, password: str, has_plugin: bool, say: Say) -> None:
    """Make a tenant with all that it has; what is there already stays as it is.

    Args:
        demo: What it is.
        password: What its people log in with from now on.
        has_plugin: Whether the plugin can be installed.
        say: Is told how far it is.

    Raises:
        DemoError: The slug is somebody else's, or something was not made in time.
    """
    tenant = _have_tenant(demo, say)
    if tenant.state == TenantState.SUSPENDED and demo.is_suspended:
        say("is there already, and suspended")
        return
    with active_tenant_scope(demo.slug):
        owner = _wait_for_owner(demo)
        actor = actor_of_user(owner)
        _look(tenant, demo, actor)
        _invite(tenant, demo, actor)
        _give_passwords(tenant, demo, password)
        say(f"people: {len(demo.people)}")
        _make_roles_and_groups(demo, actor)
        _make_program(tenant, demo, actor)
    browsers = _come(tenant, demo, password, say)
    _upload_files(tenant, demo)
    say(f"groups: {len(demo.groups)}, own roles: {len(demo.roles)}, files: {len(demo.files)}")
    if has_plugin and demo.notes:
        _use_plugin(tenant, demo, browsers, say)
    if demo.is_suspended:
        with platform_scope():
            suspend_tenant(tenant=tenant, actor=operator())
        _wait_for_runs(tenant)
        say("suspended")


def _have_tenant(demo: DemoTenant, say: Say) -> Tenant:
    with platform_scope():
        tenant: Tenant | None = Tenant.objects.filter(slug=demo.slug).first()
        if tenant is not None and tenant.owner_email != demo.owner_email:
            raise DemoError(
                f"There is a tenant {demo.slug} that is not the demo's. Nothing of it was touched; "
                f"leave it out with --only."
            )
        if tenant is None:
            started = time.monotonic()
            run = create_tenant(
                slug=demo.slug, name=demo.name, owner_email=demo.owner_email, actor=operator()
            )
            tenant = Tenant.objects.get(pk=run.tenant_id)
            _wait_for_runs(tenant)
            say(f"made in {time.monotonic() - started:.1f} s")
        tenant.refresh_from_db()
        wanted = {TenantState.ACTIVE} | ({TenantState.SUSPENDED} if demo.is_suspended else set())
        if tenant.state not in wanted:
            raise DemoError(
                f"The tenant {demo.slug} is {tenant.state}; its page in the console says why."
            )
        return tenant


def _wait_for_runs(tenant: Tenant) -> None:
    def is_done() -> bool:
        with platform_scope():
            unfinished = ProvisioningRun.objects.filter(
                tenant=tenant, state__in=UNFINISHED_RUN_STATES
            )
            return not unfinished.exists()

    _wait(is_done, _RUN_SECONDS, f"What is done to {tenant.slug} is not finished. Does it all run?")


def _wait_for_owner(demo: DemoTenant) -> User:
    found: list[User] = []

    def is_there() -> bool:
        found[:] = User.objects.filter(email=demo.owner_email)[:1]
        return bool(found)

    _wait(is_there, _PERSON_SECONDS, f"{demo.owner_email} has no row in {demo.slug}.")
    return found[0]


def _wait(is_done: Callable[[], bool], seconds: float, otherwise: str) -> None:
    end = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > end:
            raise DemoError(otherwise)
        time.sleep(_LOOK_SECONDS)


def _look(tenant: Tenant, demo: DemoTenant, actor: Actor) -> None:
    if tenant.theme_colour == demo.colour:
        return
    update_tenant(
        tenant=tenant,
        actor=actor,
        locale=demo.locale,
        time_zone=demo.time_zone,
        contact_email=demo.owner_email,
    )
    tenant.refresh_from_db()
    update_theme(tenant=tenant, actor=actor, theme_colour=demo.colour, theme_mode=demo.mode)


def _invite(tenant: Tenant, demo: DemoTenant, actor: Actor) -> None:
    for roles in sorted({person.roles for person in demo.people[1:]}):
        missing = [
            Invitee(demo.address(person.first_name), person.first_name, person.last_name)
            for person in demo.people[1:]
            if person.roles == roles and not _row(demo, person).exists()
        ]
        if missing:
            invite_people(tenant=tenant, invitees=missing, roles=roles, actor=actor)


def _give_passwords(tenant: Tenant, demo: DemoTenant, password: str) -> None:
    """Set the passwords of those who come, as their invitations would."""
    realm = realm_client(tenant)
    for person in _comers(demo):
        subject = _wait_for_subject(realm, demo.address(person.first_name))
        realm.update_user(
            subject,
            {
                "requiredActions": [],
                "emailVerified": True,
                "firstName": person.first_name,
                "lastName": person.last_name,
            },
        )
        realm.call(
            "PUT",
            f"/{tenant.realm}/users/{subject}/reset-password",
            body={"type": "password", "value": password, "temporary": False},
        )


def _wait_for_subject(realm: RealmClient, email: str) -> str:
    found: list[str] = []

    def is_there() -> bool:
        person = realm.find_user_by_email(email)
        found[:] = [str(person["id"])] if person else []
        return bool(found)

    _wait(is_there, _PERSON_SECONDS, f"Keycloak does not know {email}.")
    return found[0]


def _make_roles_and_groups(demo: DemoTenant, actor: Actor) -> None:
    for role in demo.roles:
        if not Role.objects.filter(name=role.name).exists():
            create_role(
                name=role.name, grants=role.grants, description=role.description, actor=actor
            )
    for wanted in demo.groups:
        if Group.objects.filter(name=wanted.name).exists():
            continue
        group = create_group(name=wanted.name, description=wanted.description, actor=actor)
        for first_name in wanted.members:
            add_member(
                group=group, user=User.objects.get(email=demo.address(first_name)), actor=actor
            )
        for name in wanted.roles:
            assign_role(holder=group, role=Role.objects.get(name=name).key, actor=actor)


def _make_program(tenant: Tenant, demo: DemoTenant, actor: Actor) -> None:
    names = {account.name for account in list_with_roles()}
    if demo.program and demo.program not in names:
        # Nobody is told its secret: who wants to use it has it rotated.
        create_service_account(tenant=tenant, name=demo.program, roles=["viewer"], actor=actor)


def _come(tenant: Tenant, demo: DemoTenant, password: str, say: Say) -> list[Client]:
    browsers = []
    for person in _comers(demo):
        try:
            browsers.append(visit(tenant, demo.address(person.first_name), password))
        except NotComeIn as error:
            say(f"{person.first_name} could not log in, and stays invited: {error}")
    return browsers


def _upload_files(tenant: Tenant, demo: DemoTenant) -> None:
    uploaders = [person for person in _comers(demo) if person.roles != ("viewer",)]
    with active_tenant_scope(demo.slug):
        for number, (path, lines) in enumerate(demo.files):
            actor = actor_of_user(_row(demo, uploaders[number % len(uploaders)]).get())
            folder, _slash, name = path.rpartition("/")
            content = ("\n".join(lines) + "\n").encode()
            try:
                if folder:
                    _have_folder(tenant, folder, actor)
                upload_file(
                    tenant=tenant,
                    folder=folder,
                    name=name,
                    content=io.BytesIO(content),
                    size=len(content),
                    replaces=False,
                    actor=actor,
                )
            except NameTaken:
                continue


def _have_folder(tenant: Tenant, name: str, actor: Actor) -> None:
    try:
        make_folder(tenant=tenant, folder="", name=name, actor=actor)
    except NameTaken:
        return


def _use_plugin(tenant: Tenant, demo: DemoTenant, browsers: list[Client], say: Say) -> None:
    with platform_scope():
        if Installation.objects.filter(tenant=tenant, plugin__slug=PLUGIN).exists():
            return
    plugin_command("install", PLUGIN, "--tenant", demo.slug, "--agree")
    if not browsers:
        return
    with tenant_scope(tenant):
        for number, note in enumerate(demo.notes):
            browsers[number % len(browsers)].post(f"/x/{PLUGIN}/notes/", {"text": note})
    say(f"plugin {PLUGIN}, its notes: {len(demo.notes)}")


def _comers(demo: DemoTenant) -> Iterable[DemoPerson]:
    return [person for person in demo.people if person.has_come]


def _row(demo: DemoTenant, person: DemoPerson) -> QuerySet[User]:
    return User.objects.filter(email=demo.address(person.first_name))
