"""New tenants go to the emptiest servers, and never past a ceiling."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from tenants.models import Tenant
from tenants.placement import PlatformFull, count_on_keycloaks, count_on_s3
from tenants.services import create_tenant
from tenants.states import TenantState
from tests.integration.conftest import MakeRun
from tests.threads import threads


@pytest.fixture(autouse=True)
def two_of_each(settings: Settings) -> Iterator[None]:
    """Two Keycloaks and two S3 services by name, each with room for a few more than it has."""
    keycloak, s3 = settings.KEYCLOAK_SERVERS["default"], settings.S3_SERVERS["default"]
    settings.KEYCLOAK_SERVERS = {"default": keycloak, "second": keycloak}
    settings.S3_SERVERS = {"default": s3, "second": s3}
    yield
    # A tenant that was to live there must not be met by other tests.
    Tenant.objects.filter(slug__startswith="place-").delete()


def leave_room(settings: Settings, *, keycloaks: tuple[int, int], s3: tuple[int, int]) -> None:
    """Set ceilings that leave so much room on each server."""
    taken, buckets = count_on_keycloaks(), count_on_s3()
    for servers, counted, room in (
        (settings.KEYCLOAK_SERVERS, taken, keycloaks),
        (settings.S3_SERVERS, buckets, s3),
    ):
        for name, free in zip(("default", "second"), room, strict=True):
            servers[name] = replace(servers[name], ceiling=counted[name] + free)


def make(number: int) -> Tenant:
    return create_tenant(
        slug=f"place-{number}", name="Place", owner_email="ada@example.com", actor=SYSTEM
    ).tenant


def test_each_goes_to_the_emptiest_until_all_are_full(settings: Settings) -> None:
    leave_room(settings, keycloaks=(1, 2), s3=(3, 1))
    made = [make(number) for number in range(3)]
    assert Counter(tenant.keycloak for tenant in made) == {"default": 1, "second": 2}
    assert made[0].keycloak == "second", "Of it, the smaller part was taken."
    assert Counter(tenant.s3 for tenant in made) == {"default": 2, "second": 1}
    with pytest.raises(PlatformFull) as caught:
        make(3)
    assert "Keycloak" in caught.value.detail
    assert "second: 2/2" in caught.value.detail
    assert not Tenant.objects.filter(slug="place-3").exists()


def test_a_ceiling_of_none_takes_no_more(settings: Settings) -> None:
    leave_room(settings, keycloaks=(0, 3), s3=(9, 9))
    settings.KEYCLOAK_SERVERS["default"] = replace(settings.KEYCLOAK_SERVERS["default"], ceiling=0)
    assert make(4).keycloak == "second"


def test_buckets_have_ceilings_of_their_own(settings: Settings) -> None:
    leave_room(settings, keycloaks=(9, 9), s3=(0, 0))
    with pytest.raises(PlatformFull, match="S3"):
        make(5)


def test_a_deleted_tenant_gives_its_place_back(settings: Settings) -> None:
    leave_room(settings, keycloaks=(0, 1), s3=(9, 9))
    first = make(6)
    Tenant.objects.filter(pk=first.pk).update(state=TenantState.DELETED)
    assert make(7).keycloak == "second"


def test_many_at_once_do_not_pass_a_ceiling(settings: Settings) -> None:
    leave_room(settings, keycloaks=(2, 2), s3=(9, 9))

    def try_to(number: int) -> str:
        try:
            return make(number).keycloak
        except PlatformFull:
            return "full"

    with threads(8) as submit:
        ended = [submit(try_to, number) for number in range(10, 18)]
        assert Counter(each.result() for each in ended) == {
            "default": 2, "second": 2, "full": 4,
        }  # fmt: skip


def test_with_one_of_each_everything_is_at_default(settings: Settings, make_run: MakeRun) -> None:
    settings.KEYCLOAK_SERVERS = {"default": settings.KEYCLOAK_SERVERS["default"]}
    settings.S3_SERVERS = {"default": settings.S3_SERVERS["default"]}
    tenant = make_run().tenant
    assert (tenant.keycloak, tenant.s3) == ("default", "default")
