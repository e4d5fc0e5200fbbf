"""Brings an instance up and down; used by `make up` and by the tests alike."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cached_property, partial

from deploy.local.app import APP_PARTS
from deploy.local.environment import (
    provisioner_environment,
    setup_environment,
    web_environment,
    write_environment,
)
from deploy.local.errors import AbandonedError, LocalPlatformError
from deploy.local.instance import CHECKOUT, Instance
from deploy.local.keycloak import Keycloak
from deploy.local.mail import Mail
from deploy.local.part import Part, Program
from deploy.local.ports import Ports, conflict_message, is_taken
from deploy.local.postgres import PROVISIONER_URL_VARIABLE, Postgres
from deploy.local.redis import Redis
from deploy.local.s3 import S3
from deploy.local.stages import Stages
from deploy.local.static_files import build_static
from deploy.local.supervision import Supervisor
from deploy.local.system import run
from deploy.messages import compile_messages

SERVER_PARTS: tuple[type[Part], ...] = (Postgres, Redis, S3, Mail, Keycloak)
_MANAGE_SECONDS = 600
_POLL_SECONDS = 0.2
_MOST_AT_ONCE = 12


class Launcher:
    """Everything that is done to one instance."""

    def __init__(self, instance: Instance, *, stages: Stages | None = None) -> None:
        self.instance = instance
        self.stages = stages or Stages(quiet=True)
        self.supervisor = Supervisor(instance)
        self._postgres = Postgres(instance)
        self._is_abandoned = threading.Event()
        self.servers: list[Part] = [
            self._postgres,
            *(part(instance) for part in SERVER_PARTS if part is not Postgres),
        ]
        self.app: list[Part] = [part(instance) for part in APP_PARTS]

    @property
    def parts(self) -> list[Part]:
        """All parts, servers first."""
        return [*self.servers, *self.app]

    def part(self, name: str) -> Part:
        """Find a part by its name.

        Raises:
            LocalPlatformError: There is none of that name.
        """
        for part in self.parts:
            if part.name == name:
                return part
        names = ", ".join(part.name for part in self.parts)
        raise LocalPlatformError(f"There is no part {name!r}; the parts are {names}.")

    @cached_property
    def programs(self) -> list[Program]:
        """The processes of all parts that are ours."""
        return [part.program() for part in self.parts if not part.is_external]

    def is_up(self) -> bool:
        """Tell whether everything runs, as it would be started now, and answers."""
        states = self.supervisor.states()
        own = [part for part in self.parts if not part.is_external]
        return (
            all(part.name in states and states[part.name].status == "RUNNING" for part in own)
            and self.supervisor.is_configured(self.programs)
            and all(part.is_ready() for part in self.parts)
        )

    def fetch(self) -> None:
        """Fetch the programs of all servers, side by side, where they are missing."""
        missing = [part for part in self.servers if not part.is_external and not part.is_fetched]
        for part in missing:
            part.check_system()
        with ThreadPoolExecutor() as pool, self._abandoning():
            self._settle([pool.submit(self._fetch, part) for part in missing])

    def start_servers(self) -> dict[str, str]:
        """Fetch, prepare and start the servers, and wait until each answers.

        Returns:
            The environment of the set-up commands, which holds everything.
        """
        self._begin(self.servers)
        with ThreadPoolExecutor() as pool, self._abandoning():
            self._settle(self._submit_servers(pool))
        return setup_environment(self.instance)

    def start_all(self) -> None:
        """Start the servers, set the platform up, and start its own processes.

        Keycloak boots longest; what does not need it goes on meanwhile.
        """
        self._begin(self.parts)
        with ThreadPoolExecutor(max_workers=_MOST_AT_ONCE) as pool, self._abandoning():
            database, *others, keycloak = self._submit_servers(pool)
            static = pool.submit(self._build_static)
            self._settle([database])
            self._set_up_database()
            self._settle([*others, static])
            app = [pool.submit(self._bring_up, part) for part in self.app]
            self._settle([keycloak])
            self._set_up_keycloak()
            self._upgrade_tenants()
            self._settle(app)

    def start_app(self) -> None:
        """Set the platform up on servers that run, and start its own processes."""
        self._check_ports(self.app)
        self._build_static()
        self._set_up_database()
        self._set_up_keycloak()
        self._upgrade_tenants()
        self._start_processes()

    def start_part(self, part: Part) -> None:
        """Start one part and wait until it answers.

        Raises:
            LocalPlatformError: It does not answer in time, or its process died.
        """
        if not part.is_external:
            self.supervisor.start(part.name)
        deadline = time.monotonic() + part.start_timeout
        while not part.is_ready():
            if not part.is_external:
                self.supervisor.check_alive(part.name)
            if time.monotonic() > deadline:
                raise LocalPlatformError(self._not_ready(part))
            if self._is_abandoned.wait(_POLL_SECONDS):
                raise AbandonedError(f"{part.label} was no longer waited for.")

    def stop(self) -> None:
        """Stop everything, Plexica's own processes first."""
        self.supervisor.shut_down([part.name for part in reversed(self.parts)])

    def manage(self, *arguments: str, environment: dict[str, str]) -> None:
        """Run a command of manage.py.

        Raises:
            LocalPlatformError: It failed; with the end of what it printed.
        """
        run(
            [sys.executable, CHECKOUT / "manage.py", *arguments],
            timeout=_MANAGE_SECONDS,
            environment=environment,
            directory=CHECKOUT,
            doing=f"manage.py {arguments[0]}",
        )

    def _begin(self, parts: Sequence[Part]) -> None:
        for part in self.parts:
            part.check_external()
        self.instance.make_directories()
        if not self.supervisor.is_running():
            self.supervisor.end_orphans()
        self._check_ports(parts)
        for part in parts:
            if not part.is_external:
                part.check_system()
        write_environment(self.instance.root / "env", web_environment(self.instance))
        write_environment(
            self.instance.root / "env.provisioner", provisioner_environment(self.instance)
        )
        setup, web = setup_environment(self.instance), web_environment(self.instance)
        withheld = {*(setup.keys() - web.keys()), PROVISIONER_URL_VARIABLE}
        self.supervisor.ensure(self.programs, withhold=withheld)

    def _check_ports(self, parts: Sequence[Part]) -> None:
        states = self.supervisor.states()
        for part in parts:
            if part.is_external or (part.name in states and states[part.name].is_alive):
                continue
            for name in part.port_names:
                port = getattr(self.instance.ports, name)
                if is_taken(port):
                    raise LocalPlatformError(
                        conflict_message(port=port, part=part.label, variable=Ports.variable(name))
                    )

    def _submit_servers(self, pool: ThreadPoolExecutor) -> list[Future[None]]:
        """Bring the servers up side by side, in their order: PostgreSQL first, Keycloak last."""
        database = pool.submit(self._bring_up, self._postgres)
        futures = [database]
        for part in self.servers[1:]:
            before: Callable[[], object] | None = None
            if isinstance(part, Keycloak) and not part.is_external:
                before = partial(self._make_keycloak_database, database)
            futures.append(pool.submit(self._bring_up, part, before))
        return futures

    def _make_keycloak_database(self, database: Future[None]) -> None:
        database.result()
        self._postgres.make_keycloak_database()

    def _bring_up(self, part: Part, before_start: Callable[[], object] | None = None) -> None:
        if part.is_external:
            with self.stages(f"{part.label} is another's ({part.external_variable}) and answers"):
                self.start_part(part)
            return
        if not part.is_fetched:
            self._fetch(part)
        part.prepare()
        if before_start is not None:
            before_start()
        with self.stages(f"{part.label} started"):
            self.start_part(part)

    def _fetch(self, part: Part) -> None:
        with self.stages(f"{part.label} fetched"):
            part.fetch()

    def _build_static(self) -> None:
        with self.stages("Static files and texts built"):
            build_static()
            compile_messages()
            self.manage("collectstatic", "--no-input", environment=web_environment(self.instance))

    def _set_up_database(self) -> None:
        with self.stages("Database prepared"):
            self.manage("prepare_database", environment=setup_environment(self.instance))
        with self.stages("Database migrated"):
            # The command before has run the checks.
            self.manage(
                "migrate", "--skip-checks", environment=provisioner_environment(self.instance)
            )

    def _set_up_keycloak(self) -> None:
        with self.stages("Keycloak's realm prepared"):
            self.manage("prepare_keycloak", environment=setup_environment(self.instance))

    def _upgrade_tenants(self) -> None:
        """Bring the tenants up; one that cannot be brought up is served as it is."""
        environment = provisioner_environment(self.instance)
        try:
            with self.stages("Tenants brought to this version"):
                self.manage("tenant", "--skip-checks", "upgrade", environment=environment)
        except LocalPlatformError as error:
            print(error)

    def _start_processes(self) -> None:
        with ThreadPoolExecutor() as pool, self._abandoning():
            self._settle([pool.submit(self._bring_up, part) for part in self.app])

    def _not_ready(self, part: Part) -> str:
        if part.is_external:
            return f"{part.label} does not answer; {part.external_variable} says where it is."
        return (
            f"{part.label} does not answer after {part.start_timeout:.0f} s. "
            f"The end of {self.supervisor.log(part.name)}:\n{self.supervisor.log_tail(part.name)}"
        )

    @contextmanager
    def _abandoning(self) -> Iterator[None]:
        """Let the others stop waiting when one has failed."""
        try:
            yield
        except BaseException:
            self._is_abandoned.set()
            raise

    @staticmethod
    def _settle(futures: Sequence[Future[None]]) -> None:
        """Wait for all, or for the first that fails; then raise what made it fail."""
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
