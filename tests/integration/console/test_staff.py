"""The staff of the console: what each role sees, and how roles are given and taken."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from plexica.audit.models import AuditEntry
from plexica.console.urls import urlpatterns
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import PlexicaError
from plexica.identity.guards import GUARD_ATTRIBUTE, LOGIN
from plexica.identity.models import User
from plexica.rbac.models import RoleAssignment
from plexica.rbac.registry import Audience
from plexica.rbac.services import assign_role, follow_token_roles
from plexica.rbac.staff import take_role
from plexica.rbac.system_roles import SYSTEM_ROLES
from tenants.models import Tenant
from tenants.services import create_tenant
from tenants.states import TenantState
from tests.threads import threads

STAFF = "/staff/"


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody of the staff at a browser."""

    user: User
    client: Client

    @property
    def page(self) -> str:
        """The address of the page about them."""
        return f"{STAFF}{self.user.pk}/"


@pytest.fixture(autouse=True)
def _no_staff() -> Iterator[None]:
    """Begin and end without staff, as the last super admin is counted."""
    User.objects.all().delete()
    yield
    User.objects.all().delete()


def come(name: str, *roles: str, from_realm: bool = False) -> Clerk:
    """Have somebody come who has logged in, with roles given here or by the realm."""
    user = User.objects.create(
        issuer="http://test",
        subject=uuid.uuid4().hex,
        first_name=name,
        email=f"{name.lower()}@plexica.example",
        last_login=timezone.now(),
    )
    if from_realm:
        follow_token_roles(user=user, roles=roles)
    else:
        for role in roles:
            assign_role(holder=user, role=role, actor=SYSTEM)
    client = Client(headers={"host": settings.PLEXICA_BASE_DOMAIN})
    client.force_login(user)
    return Clerk(user, client)


@pytest.fixture
def stella() -> Clerk:
    """A super admin, as the realm says."""
    return come("Stella", "super-admin", from_realm=True)


@pytest.fixture
def sam(stella: Clerk) -> Clerk:
    """Somebody of the support."""
    return come("Sam", "support")


@pytest.fixture
def rita(stella: Clerk) -> Clerk:
    """Somebody who may look."""
    return come("Rita", "read-only", from_realm=True)


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    """A tenant whose creation has failed, so that there is much to be done about it."""
    run = create_tenant(
        slug=f"x{uuid.uuid4().hex[:10]}",
        name="Staff's example",
        owner_email="ada@example.com",
        actor=SYSTEM,
    )
    run.state = "FAILED"
    run.finished_at = timezone.now()
    run.save()
    Tenant.objects.filter(pk=run.tenant.pk).update(state=TenantState.FAILED)
    yield run.tenant
    run.tenant.delete()


def page_of(clerk: Clerk, address: str) -> str:
    answer = clerk.client.get(address)
    assert answer.status_code == HTTPStatus.OK, answer.content.decode()
    return answer.content.decode()


def send(clerk: Clerk, address: str, **values: Any) -> HttpResponse:
    return clerk.client.post(address, values)


def roles_of(clerk: Clerk) -> set[str]:
    found = RoleAssignment.objects.filter(user=clerk.user)
    return set(found.values_list("role__key", flat=True))


def test_the_list_says_who_may_what_and_where_it_comes_from(
    stella: Clerk, sam: Clerk, rita: Clerk
) -> None:
    come("Nobody")
    page = page_of(sam, STAFF)
    for words in (
        r"Super admin <span[^>]*>\(By the login realm\)",
        r"Support <span[^>]*>\(By a person\)",
        r"Read-only <span[^>]*>\(By the login realm\)",
    ):
        assert re.search(words, page), words
    assert page.index("Rita") < page.index("nobody@plexica.example"), "Who has no role comes last."
    found = page_of(sam, f"{STAFF}?who=rita")
    assert "rita@plexica.example" in found
    assert "stella@plexica.example" not in found
    fragment = sam.client.get(f"{STAFF}?who=zz", headers={"HX-Request": "true"}).content.decode()
    assert fragment.startswith('<div id="staff-table">')
    assert "Nobody has this name" in fragment


def test_the_list_costs_the_same_for_many(stella: Clerk, django_assert_num_queries: Any) -> None:
    def count() -> None:
        page_of(stella, STAFF)
        with django_assert_num_queries(6):
            page_of(stella, STAFF)

    count()
    for number in range(30):
        come(f"Clerk{number}", "support", "read-only")
    count()


def test_a_page_says_why_somebody_may_do_something(
    sam: Clerk, django_assert_max_num_queries: Any
) -> None:
    page_of(sam, sam.page)
    with django_assert_max_num_queries(16):
        page = page_of(sam, sam.page)
    rows = dict(re.findall(r"<code>(core:[a-z:-]+)</code></th>(.*?)</tr>", page, re.DOTALL))
    assert ">Yes<" in rows["core:runs:retry"]
    assert re.search(r"Support\s+grants\s+<code>core:runs:retry", rows["core:runs:retry"])
    assert ">No<" in rows["core:tenants:create"]
    assert re.search(r"Would come with:\s+Super admin", rows["core:tenants:create"])


def test_a_super_admin_gives_and_takes_roles(stella: Clerk) -> None:
    ned = come("Ned")
    assert ned.client.get("/tenants/").status_code == HTTPStatus.FORBIDDEN
    assert send(stella, f"{ned.page}give/", role="support")["Location"] == ned.page
    assert ned.client.get("/tenants/").status_code == HTTPStatus.OK
    assert "By a person" in page_of(stella, ned.page)
    assert send(stella, f"{ned.page}take/", role="support")["Location"] == ned.page
    assert ned.client.get("/tenants/").status_code == HTTPStatus.FORBIDDEN
    entries = AuditEntry.objects.filter(target=f"user:{ned.user.pk}").order_by("at")
    assert list(entries.values_list("action", "actor_id")) == [
        ("role.assigned", str(stella.user.pk)),
        ("role.withdrawn", str(stella.user.pk)),
    ]


def test_what_the_realm_gives_is_taken_there(stella: Clerk, rita: Clerk) -> None:
    assert f"{rita.page}take/" not in page_of(stella, rita.page)
    send(stella, f"{rita.page}take/", role="read-only")
    assert "in the realm" in page_of(stella, rita.page)
    assert roles_of(rita) == {"read-only"}
    send(stella, f"{rita.page}give/", role="support")
    # What was given here stays when the realm says nothing of it.
    follow_token_roles(user=rita.user, roles=[])
    assert roles_of(rita) == {"support"}


def test_the_last_super_admin_stays(stella: Clerk) -> None:
    boss = come("Boss", "super-admin")
    follow_token_roles(user=stella.user, roles=[])
    send(boss, f"{boss.page}take/", role="super-admin")
    assert roles_of(boss) == {"super-admin"}
    assert "at least one super admin" in page_of(boss, boss.page)
    send(boss, f"{stella.page}give/", role="super-admin")
    send(boss, f"{boss.page}take/", role="super-admin")
    assert roles_of(boss) == set()
    # Who is disabled counts for nothing.
    ned = come("Ned", "super-admin")
    User.objects.filter(pk=stella.user.pk).update(is_active=False)
    send(ned, f"{ned.page}take/", role="super-admin")
    assert roles_of(ned) == {"super-admin"}


def test_two_super_admins_who_take_each_others_role_at_once_leave_one(stella: Clerk) -> None:
    follow_token_roles(user=stella.user, roles=[])
    both = [come("One", "super-admin"), come("Two", "super-admin")]
    start = Barrier(2)

    def take(number: int) -> bool:
        start.wait()
        acting, victim = both[number].user, both[1 - number].user
        try:
            take_role(
                user=victim,
                role="super-admin",
                actor=Actor(kind="user", id=str(acting.pk), name=str(acting)),
            )
        except PlexicaError:
            return False
        return True

    with threads(2) as submit:
        done = [submit(take, number) for number in (0, 1)]
    assert sorted(each.result() for each in done) == [False, True]
    assert sum(bool(roles_of(clerk)) for clerk in both) == 1


def test_nobody_gives_what_they_do_not_hold(stella: Clerk, sam: Clerk, rita: Clerk) -> None:
    for clerk in (sam, rita):
        page = page_of(clerk, stella.page)
        assert "give/" not in page
        assert "take/" not in page
        for action in ("give", "take"):
            answer = send(clerk, f"{clerk.page}{action}/", role="super-admin")
            assert answer.status_code == HTTPStatus.FORBIDDEN
            assert "core:staff:manage" in answer.content.decode(), "They may know what they lack."
    # A role that lets one manage the staff does not let one give more than oneself holds.
    assert roles_of(sam) == {"support"}


def test_who_may_nothing_is_told_whom_to_ask(stella: Clerk) -> None:
    answer = come("Ned").client.get(STAFF)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    page = answer.content.decode()
    assert "Ask Stella" in page
    assert "core:" not in page


@pytest.mark.parametrize(
    ("values", "status"), [({}, 400), ({"role": "x" * 200}, 400), ({"role": "no-such"}, 404)]
)
def test_what_makes_no_sense_is_refused(stella: Clerk, values: dict[str, str], status: int) -> None:
    for action in ("give", "take"):
        assert send(stella, f"{stella.page}{action}/", **values).status_code == status
    missing = f"{STAFF}{uuid.uuid4()}/"
    assert stella.client.get(missing).status_code == HTTPStatus.NOT_FOUND


def test_who_is_disabled_gets_no_role(stella: Clerk) -> None:
    ned = come("Ned")
    User.objects.filter(pk=ned.user.pk).update(is_active=False)
    send(stella, f"{ned.page}give/", role="support")
    assert roles_of(ned) == set()
    assert "is disabled" in page_of(stella, ned.page)


def links_of(page: str) -> set[str]:
    """Return the addresses that a page offers, of links and of forms."""
    return set(re.findall(r'(?:href|action|hx-get)="(/[^"?#]*)', page))


def guard_of(address: str) -> str:
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.resolve(address.removeprefix("/")):
            return str(getattr(pattern.callback, GUARD_ATTRIBUTE, ""))
    return ""


@pytest.mark.parametrize("role", SYSTEM_ROLES[Audience.PLATFORM], ids=lambda role: role.key)
def test_pages_offer_only_what_the_role_lets_one_do(
    stella: Clerk, tenant: Tenant, role: Any
) -> None:
    """Each page of the console, as each role sees it, in each state of a tenant."""
    clerk = come("Clerk", role.key)
    run = tenant.runs.get()
    addresses = ["/tenants/", f"/tenants/{tenant.slug}/", STAFF, clerk.page, stella.page]
    addresses.append(f"/tenants/{tenant.slug}/runs/{run.pk}/")
    offered = set()
    for state in TenantState.values:
        Tenant.objects.filter(pk=tenant.pk).update(
            state=state, purge_after=timezone.now() if state == TenantState.DELETING else None
        )
        for address in addresses:
            offered |= links_of(page_of(clerk, address))
    guards = {guard_of(address) for address in offered}
    held = {permission for permission in guards if permission and clerk.user.has_perm(permission)}
    assert guards - held <= {"", LOGIN}, guards - held
    retry = f"/tenants/{tenant.slug}/runs/{run.pk}/retry/"
    assert (retry in offered) is (role.key != "read-only")
    assert (f"/tenants/{tenant.slug}/delete/" in offered) is (role.key == "super-admin")


def addresses(tenant: Tenant, clerk: Clerk) -> Iterator[str]:
    """Return all addresses of the console, for a tenant, its run and one of the staff."""
    values = {
        "<slug:slug>": tenant.slug,
        "<uuid:run_id>": str(tenant.runs.get().pk),
        "<uuid:user_id>": str(clerk.user.pk),
        "<uuid:key_id>": str(uuid.uuid4()),
        "<uuid:visit_id>": str(uuid.uuid4()),
        "<uuid:entry_id>": str(uuid.uuid4()),
        "<str:version>": "0.1.0",
    }
    for pattern in urlpatterns:
        route = str(pattern.pattern)
        for name, value in values.items():
            route = route.replace(name, value)
        route = route.replace("(?P<action>suspend|resume)", "suspend").strip("^$")
        assert "<" not in route
        if route:  # The home page only leads on.
            yield f"/{route}"


def test_every_page_is_closed_to_strangers_and_to_those_without_a_role(
    stella: Clerk, tenant: Tenant
) -> None:
    nobody, stranger = come("Nobody"), Client(headers={"host": settings.PLEXICA_BASE_DOMAIN})
    entries = AuditEntry.objects.count()
    for address in addresses(tenant, stella):
        for method in ("get", "post"):
            answer = getattr(stranger, method)(address)
            if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
                assert answer["Location"].startswith("/oidc/authenticate/"), address
            answer = getattr(nobody.client, method)(address)
            if address.startswith("/profile/"):
                # It is about themselves.
                assert answer.status_code != HTTPStatus.FORBIDDEN, address
            elif answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
                assert answer.status_code == HTTPStatus.FORBIDDEN, address
                assert "Ask Stella" in answer.content.decode()
                assert tenant.name not in answer.content.decode()
    assert AuditEntry.objects.count() == entries
    assert roles_of(stella) == {"super-admin"}
