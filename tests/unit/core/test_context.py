"""What goes along into threads and out of the process."""

import json
import logging
from io import StringIO
from threading import Barrier

import pytest
import structlog

from plexica.core.context import ContextThreadPool, outgoing_headers, start_thread
from plexica.core.logging import logging_config
from plexica.core.scope import Scope, current_scope, enter_scope, platform_scope

TENANTS = ("acme", "globex")


def _scope(slug: str) -> Scope:
    return Scope(schema=f"t_{slug}", role=f"r_{slug}", tenant_slug=slug, search_path=(f"t_{slug}",))


def test_each_call_of_a_pool_has_the_scope_that_it_was_submitted_in() -> None:
    """Both use the same threads, in turn and at once."""
    both = Barrier(2)

    def look(wanted: str, *, together: bool) -> tuple[str, str | None]:
        if together:
            both.wait()
        return wanted, current_scope().tenant_slug

    with ContextThreadPool(2) as pool:
        futures = []
        for number in range(40):
            for slug in TENANTS:
                with enter_scope(_scope(slug)):
                    futures.append(pool.submit(look, slug, together=number < 20))
        for future in futures:
            wanted, found = future.result()
            assert found == wanted
        with enter_scope(_scope("acme")):
            assert list(pool.map(lambda _key: current_scope().tenant_slug, "ab")) == ["acme"] * 2


def test_a_scope_that_a_call_enters_ends_with_it() -> None:
    def enter() -> None:
        # Never left, as by a call that forgets to.
        enter_scope(_scope("globex")).__enter__()

    with ContextThreadPool(1) as pool, enter_scope(_scope("acme")):
        pool.submit(enter).result()
        assert pool.submit(current_scope).result() == _scope("acme")
        assert current_scope() == _scope("acme")


def test_a_thread_has_the_scope_that_it_was_started_in() -> None:
    found: list[str | None] = []
    threads = []
    for slug in TENANTS:
        with enter_scope(_scope(slug)):
            threads.append(
                start_thread(lambda: found.append(current_scope().tenant_slug), name="look")
            )
    for thread in threads:
        thread.join()
    assert sorted(map(str, found)) == sorted(TENANTS)


def test_log_lines_name_the_tenant_of_their_thread() -> None:
    """Lines of structlog and of plain logging, of two tenants at once."""
    formatter = logging.config.dictConfigClass(  # type: ignore[attr-defined] # loaded with Django
        logging_config(level="INFO")
    ).configure_formatter(logging_config(level="INFO")["formatters"]["json"])
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter)
    logger = logging.getLogger("tests.context")
    logger.setLevel("INFO")
    logger.propagate = False
    logger.addHandler(handler)
    both = Barrier(2)

    def speak(slug: str) -> None:
        both.wait()
        logger.info("plain %s", slug)
        structlog.get_logger("tests.context").info("structured", wanted=slug)

    try:
        with ContextThreadPool(2) as pool:
            futures = []
            for _number in range(10):
                for slug in TENANTS:
                    with enter_scope(_scope(slug)):
                        futures.append(pool.submit(speak, slug))
            for future in futures:
                future.result()
    finally:
        logger.removeHandler(handler)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert len(lines) == 40
    for line in lines:
        assert line["tenant"] == line.get("wanted", line["event"].removeprefix("plain "))


@pytest.mark.parametrize("request_id", ["5f1c0e9a-1", "a.b_c"])
def test_outgoing_calls_name_the_tenant_and_the_request(request_id: str) -> None:
    with (
        enter_scope(_scope("acme")),
        structlog.contextvars.bound_contextvars(request_id=request_id),
    ):
        assert outgoing_headers() == {"X-Plexica-Tenant": "acme", "X-Request-ID": request_id}
    with platform_scope():
        assert outgoing_headers() == {"X-Plexica-Tenant": "platform"}
    assert outgoing_headers() == {}


@pytest.mark.parametrize("request_id", ["", "a b", "a\r\nX-Evil: 1", "x" * 129, "é"])
def test_an_id_that_a_caller_made_up_does_not_go_out(request_id: str) -> None:
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        assert outgoing_headers() == {}
