from collections import deque

import pytest

from tenants.states import TRANSITIONS, TenantState


def test_every_state_says_where_it_leads() -> None:
    assert set(TRANSITIONS) == set(TenantState)


def test_every_state_can_be_reached() -> None:
    reached, todo = {TenantState.PROVISIONING}, deque([TenantState.PROVISIONING])
    while todo:
        for state in TRANSITIONS[todo.popleft()] - reached:
            reached.add(state)
            todo.append(state)
    assert reached == set(TenantState)


@pytest.mark.parametrize("state", TenantState)
def test_only_a_creation_that_ends_or_a_suspension_that_ends_makes_active(
    state: TenantState,
) -> None:
    leads_there = TenantState.ACTIVE in TRANSITIONS[state]
    assert leads_there == (
        state in {TenantState.PROVISIONING, TenantState.SUSPENDED, TenantState.DELETING}
    )
