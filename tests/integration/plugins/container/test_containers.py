"""Backends in containers of real engines: started, reached, kept within bounds, ended."""

from pathlib import Path

import pytest
from django.conf import settings

from plexica.core.actor import SYSTEM
from plugins.agent.loop import Agent
from plugins.backends import drop_backend, endpoint_of, restart_backend, wait_until_ready
from plugins.runtimes.container.places import Places
from plugins.runtimes.container.runtime import ContainerRuntime
from plugins.states import BackendState
from tests.integration.plugins.agent.running import registered, until, wanted
from tests.integration.plugins.container.asking import SECONDS, ask, until_ready
from tests.integration.plugins.container.engines import RealEngine
from tests.integration.plugins.packages import Author

pytestmark = pytest.mark.prove


def test_it_starts_is_reached_and_sees_what_the_contract_says(agent: Agent, ada: Author) -> None:
    release = registered(ada)
    backend = wanted(release)
    wait_until_ready(release=release, seconds=SECONDS)
    found = endpoint_of(release.pk)
    assert found
    backend.refresh_from_db()
    assert (backend.runtime, backend.address) == ("container", found.address)
    facts = ask(backend, "facts()")
    assert facts["variables"]["PLEXICA_SECRET"] == found.secret
    assert sorted(facts["variables"].keys() - {"LC_CTYPE"}) == [
        "HOME",
        "LANG",
        "PATH",
        "PLEXICA_BACKEND",
        "PLEXICA_DIGEST",
        "PLEXICA_HOST_URL",
        "PLEXICA_LISTEN",
        "PLEXICA_PLUGIN",
        "PLEXICA_SECRET",
        "PLEXICA_VERSION",
        "TMPDIR",
        "TZ",
    ]
    assert ask(backend, "__import__('plexica_sdk').__name__") == "plexica_sdk"
    assert ask(backend, "__import__('importlib.util').util.find_spec('tenants')") is None
    until(backend, lambda row: "listening" in row.log_tail and row.seen_at)


def test_it_may_do_next_to_nothing_and_its_secret_is_not_shown(
    agent: Agent, ada: Author, engine: RealEngine, place: Path
) -> None:
    backend = until_ready(wanted(registered(ada)))
    facts = ask(backend, "facts()")
    assert (facts["user"], facts["groups"]) == (65532, [65532])
    status = dict(
        line.split(":\t", 1)
        for line in ask(backend, "open('/proc/self/status').read()").splitlines()
        if ":\t" in line
    )
    assert (status["NoNewPrivs"], int(status["CapBnd"], 16), int(status["CapEff"], 16)) == (
        "1",
        0,
        0,
    )
    for path in ("/x", "/plugin/x", "/plexica/x", "/plexica/secret/x", "/etc/passwd"):
        assert "Read-only" in ask(backend, f"attempt(lambda: open({path!r}, 'w'))")
    assert ask(backend, "open('/tmp/x', 'w').write('x')") == 1
    assert "No space" in ask(backend, "attempt(lambda: open('/tmp/y','wb').write(bytes(1<<25)))")

    key = backend.handle.partition("-")[0]
    inspected = engine.do("inspect", f"plexica-{key}").stdout
    secret = facts["variables"]["PLEXICA_SECRET"]
    assert f"plexica-{key}" in inspected
    assert secret not in inspected
    assert secret not in engine.do("inspect", f"plexica-{key}-porter").stdout
    assert (place / "secrets").stat().st_mode & 0o077 == 0


def test_it_reaches_the_host_and_nothing_else(agent: Agent, ada: Author) -> None:
    first = until_ready(wanted(registered(ada)))
    second = until_ready(wanted(registered(ada, slug="other")))
    assert ask(first, "os.listdir('/sys/class/net')") == ["lo"]
    # PostgreSQL says that it does not speak TLS; nobody else says that.
    port = settings.DATABASES["default"]["PORT"]
    assert ask(first, f"postgres_answers({port})") == "N"
    # Both listen on the same port, each in a network of its own.
    ask(first, "state.update(name='first')")
    ask(second, "state.update(name='second')")
    own = "json.load(urlopen('http://127.0.0.1:8080/do?' + quote('state')))['name']"
    assert ask(first, own) == "first"
    assert ask(second, own) == "second"
    for place in ("1.1.1.1", "192.0.2.2", "10.88.0.1", "169.254.169.254"):
        words = ask(first, f"attempt(lambda: socket.create_connection(({place!r}, 80), 2))")
        assert "unreachable" in words
    # What listens on the machine's own loopback is not there.
    assert "refused" in ask(
        first, "attempt(lambda: socket.create_connection(('127.0.0.1', 22), 2))"
    )


def test_a_person_can_have_it_started_again_and_its_log_goes_on(agent: Agent, ada: Author) -> None:
    backend = until_ready(wanted(registered(ada)))
    handle = backend.handle
    ask(backend, "print('before the restart', flush=True)")
    restart_backend(backend=backend, actor=SYSTEM)
    until(backend, lambda row: row.state == BackendState.READY and row.handle != handle, SECONDS)
    assert (backend.crashes, backend.restarts) == ([], 1)
    until(backend, lambda row: row.log_tail.count("listening") == 2)
    assert "before the restart" in backend.log_tail


def test_one_that_nobody_needs_is_ended_and_leaves_nothing(
    agent: Agent, ada: Author, runtime: ContainerRuntime, engine: RealEngine, place: Path
) -> None:
    release = registered(ada)
    backend = until_ready(wanted(release))
    name = f"plexica-{Places(place.resolve()).instance}/image:{release.digest[:32]}"
    assert len(engine.images(name)) == 1
    drop_backend(release=release)
    until(backend, lambda row: row.state == BackendState.STOPPED and not row.runtime, SECONDS)
    assert runtime.list_running() == {}
    assert engine.images(name) == []
    assert list((place / "doors").iterdir()) == list((place / "secrets").iterdir()) == []
    assert engine.do("ps", "--all", "--quiet").stdout == ""
