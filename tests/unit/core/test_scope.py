import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from django.db import connection

from plexica.core.cache import make_key
from plexica.core.scope import (
    NoScope,
    Scope,
    current_scope,
    current_scope_or_none,
    enter_scope,
    platform_scope,
)


def _scope(slug: str) -> Scope:
    return Scope(schema=f"t_{slug}", role=f"r_{slug}", tenant_slug=slug, search_path=(f"t_{slug}",))


def test_without_a_scope_data_is_refused() -> None:
    assert current_scope_or_none() is None
    with pytest.raises(NoScope):
        current_scope()


def test_a_scope_ends_with_its_block_even_by_an_error() -> None:
    def fail() -> None:
        with enter_scope(_scope("globex")):
            raise ValueError

    with platform_scope() as outer:
        with pytest.raises(ValueError):  # noqa: PT011 (raised two lines above)
            fail()
        assert current_scope() is outer
    assert current_scope_or_none() is None


def test_a_new_thread_has_no_scope_and_a_copied_context_has() -> None:
    with enter_scope(_scope("acme")), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current_scope_or_none).result() is None
        assert pool.submit(copy_context().run, current_scope).result() == _scope("acme")


def test_two_tasks_of_one_loop_do_not_share_a_scope() -> None:
    async def hold(slug: str, entered: asyncio.Barrier) -> str | None:
        with enter_scope(_scope(slug)):
            await entered.wait()
            return current_scope().tenant_slug

    async def both() -> list[str | None]:
        entered = asyncio.Barrier(2)
        return await asyncio.gather(hold("acme", entered), hold("globex", entered))

    assert asyncio.run(both()) == ["acme", "globex"]


def test_cache_keys_carry_the_scope() -> None:
    with enter_scope(_scope("acme")):
        acme = make_key("k", "", 1)
    with enter_scope(_scope("globex")):
        globex = make_key("k", "", 1)
    assert len({acme, globex, make_key("k", "", 1)}) == 3


def test_the_connection_knows_no_schema_of_its_own() -> None:
    connection.schema_name = "t_other"
    with enter_scope(_scope("acme")):
        assert connection.schema_name == "t_acme"
    assert connection.schema_name == "public"
