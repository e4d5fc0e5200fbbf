"""Releases that name an image: pulled by its digest, run as it is, or refused in words."""

from collections.abc import Iterator

import pytest

from plugins.agent.loop import Agent
from plugins.backends import drop_backend
from plugins.states import BackendState
from tests.integration.plugins.agent.running import SERVER, registered, until, until_state, wanted
from tests.integration.plugins.container.asking import SECONDS, ask, until_ready
from tests.integration.plugins.container.engines import BASE, RealEngine
from tests.integration.plugins.container.registry import digest_of, running_registry
from tests.integration.plugins.packages import Author

pytestmark = pytest.mark.prove

# Made by somebody else, in whatever way: nothing of it is the platform's.
DOCKERFILE = f"""\
FROM {BASE}
COPY server.py /server.py
ENV GREETING=hello
ENTRYPOINT ["python3", "/server.py"]
"""


@pytest.fixture(scope="module")
def reference(engine: RealEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image in a registry, which the engine does not have yet."""
    if engine.name != "podman":
        pytest.skip("not run: an image is brought into the registry by Podman")
    context, layout = tmp_path_factory.mktemp("context"), tmp_path_factory.mktemp("layout")
    (context / "Dockerfile").write_text(DOCKERFILE, "utf-8")
    (context / "server.py").write_text(SERVER, "utf-8")
    name = "localhost/plexica-test-image:1"
    engine.do("build", "--network=none", "--tag", name, str(context))
    engine.do("push", name, f"oci:{layout}")
    engine.do("rmi", name)
    with running_registry(layout, engine.registry_port):
        yield f"127.0.0.1:{engine.registry_port}/somebody/hello@{digest_of(layout)}"


def test_an_image_is_pulled_run_and_taken_away(
    agent: Agent, ada: Author, engine: RealEngine, reference: str
) -> None:
    release = registered(ada, image=reference)
    backend = until_ready(wanted(release))
    facts = ask(backend, "facts()")
    variables = facts["variables"]
    assert facts["user"] == 65532
    assert variables["GREETING"] == "hello"
    assert "PLEXICA_SECRET" not in variables
    assert len(ask(backend, "open(os.environ['PLEXICA_SECRET_FILE']).read()")) == 43
    assert "Read-only" in ask(backend, "attempt(lambda: open('/x', 'w'))")
    drop_backend(release=release)
    until(backend, lambda row: row.state == BackendState.STOPPED and not row.runtime, SECONDS)
    assert engine.images(f"/image:{release.digest[:32]}") == []


def test_an_image_that_does_not_exist_is_refused(
    agent: Agent, ada: Author, engine: RealEngine, reference: str
) -> None:
    nothing = f"127.0.0.1:{engine.registry_port}/nobody/nothing@sha256:{'0' * 64}"
    backend = until_state(wanted(registered(ada, image=nothing)), BackendState.REFUSED, SECONDS)
    assert f"The image for {nothing} is not to be had" in backend.last_error


def test_a_registry_that_does_not_answer_is_asked_again(agent: Agent, ada: Author) -> None:
    away = f"127.0.0.1:1/hello@sha256:{'0' * 64}"
    backend = wanted(registered(ada, image=away))
    until(backend, lambda row: "cannot be made now" in row.last_error, SECONDS)
    assert backend.state in {BackendState.WAITING, BackendState.STARTING}
