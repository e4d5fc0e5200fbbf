from datetime import timedelta

import pytest
from django.utils import timezone

from plexica.core.actor import Actor
from tenants.api.idempotency import KEPT_FOR, create_tenant_once
from tenants.models import IdempotencyKey, Tenant
from tenants.provisioning.engine import run_provisioning
from tests.integration.api.conftest import PREFIX, Api, new_tenant
from tests.threads import threads


def made() -> int:
    return Tenant.objects.filter(slug__startswith=PREFIX).count()


def test_the_same_request_again_is_answered_like_the_first(api: Api) -> None:
    first = api.post(new_tenant("once"), idempotency_key="k1")
    again = api.post(new_tenant("once"), idempotency_key="k1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first["Location"] == again["Location"]
    assert made() == 1


def test_the_answer_shows_things_as_they_are_now(api: Api) -> None:
    first = api.post(new_tenant("later"), idempotency_key="k2").json()
    run_provisioning(first["run"]["id"])
    again = api.post(new_tenant("later"), idempotency_key="k2")
    assert again.status_code == 202
    assert again.json()["tenant"]["state"] == "ACTIVE"
    waited = api.post(new_tenant("later"), idempotency_key="k2", prefer="wait=5")
    assert waited.status_code == 201
    assert waited["Location"] == first["tenant"]["url"]


def test_the_order_of_members_and_a_default_that_is_written_out_make_no_other_body(
    api: Api,
) -> None:
    first = api.post(new_tenant("order"), idempotency_key="k3")
    body = dict(reversed(new_tenant("order", contact_email="").items()))
    again = api.post(body, idempotency_key="k3")
    assert again["Location"] == first["Location"]


@pytest.mark.parametrize("other", [{"name": "Another"}, {"slug": f"{PREFIX}other"}])
def test_another_body_under_the_same_key_is_refused(api: Api, other: dict[str, str]) -> None:
    api.post(new_tenant("body"), idempotency_key="k4")
    answer = api.post(new_tenant("body", **other), idempotency_key="k4")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:plexica:problem:idempotency-key-reused"
    assert made() == 1


def test_a_request_that_was_refused_keeps_no_key(api: Api) -> None:
    assert api.post(new_tenant("x" * 40), idempotency_key="k5").status_code == 400
    assert api.post(new_tenant("right"), idempotency_key="k5").status_code == 202
    assert api.post(new_tenant("right"), idempotency_key="k6").status_code == 409
    assert not IdempotencyKey.objects.filter(key="k6").exists()


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "schlüssel", "a\tb", "\x7f"])
def test_refuses_a_key_that_is_none(api: Api, key: str) -> None:
    answer = api.post(new_tenant("key"), idempotency_key=key)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert made() == 0


def test_accepts_the_longest_key(api: Api) -> None:
    assert api.post(new_tenant("long"), idempotency_key="~" * 255).status_code == 202


def test_of_many_at_once_one_begins_and_all_are_answered_the_same(api: Api) -> None:
    with threads(8) as submit:
        calls = [submit(api.post, new_tenant("many"), idempotency_key="k7") for _ in range(8)]
    answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer["Location"] for answer in answers}) == 1
    assert made() == 1


def test_a_key_is_its_callers_own(api: Api) -> None:
    api.post(new_tenant("mine"), idempotency_key="k8")
    other = Actor(kind="service_account", id="another", name="another")
    values = new_tenant("theirs") | {"contact_email": ""}
    run = create_tenant_once(key="k8", values=values, actor=other)
    assert run.tenant.slug == f"{PREFIX}theirs"


def test_a_key_counts_for_a_day(api: Api) -> None:
    api.post(new_tenant("day"), idempotency_key="k9")
    api.post(new_tenant("old"), idempotency_key="k10")
    past = timezone.now() - KEPT_FOR - timedelta(seconds=1)
    IdempotencyKey.objects.filter(key__in=("k9", "k10")).update(created_at=past)
    answer = api.post(new_tenant("next"), idempotency_key="k9")
    assert answer.status_code == 202
    assert answer.json()["tenant"]["slug"] == f"{PREFIX}next"
    assert not IdempotencyKey.objects.filter(key="k10").exists()
