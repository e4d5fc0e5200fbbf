"""Whatever the APIs are asked, they answer as their descriptions say, and never with a 500.

Schemathesis makes requests from the descriptions, some that fit and some that do not. Each is sent
with a token that may do much, and without one.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.identity.platform_realm import PLATFORM_REALM
from plexica.rbac.service_accounts import (
    create_service_account,
    list_with_roles,
    revoke_service_account,
)
from plexica.workspace.api import views
from plugins.gateway.tokens import HostToken, make_host_token
from plugins.models import Installation
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.conftest import remove
from tests.integration.identity.realms import ask_token
from tests.integration.plugins.packages import Author, empty_registry

DESCRIPTIONS = Path(__file__).resolve().parents[3] / "docs" / "api"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True)
class Api:
    """An API, with what opens it."""

    file: str
    host: str
    token: str


def _platform_token() -> str:
    answer = requests.post(
        f"{settings.KEYCLOAK_SERVERS['default'].public_url}/realms/{PLATFORM_REALM}"
        "/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=("plexica-api", os.environ["PLEXICA_API_CLIENT_SECRET"]),
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def console(globex: Tenant) -> Iterator[Api]:
    with platform_scope():
        before = set(Tenant.objects.values_list("pk", flat=True))
    yield Api("openapi.yaml", settings.PLEXICA_BASE_DOMAIN, _platform_token())
    with platform_scope():
        for tenant in Tenant.objects.exclude(pk__in=before):
            remove(tenant)


@pytest.fixture(scope="module")
def workspace(globex: Tenant) -> Iterator[Api]:
    with tenant_scope(globex):
        issued = create_service_account(
            tenant=globex, name="Description", roles=["admin"], actor=SYSTEM
        )
    token = ask_token(globex, issued.account.client_id, issued.secret).json()["access_token"]
    yield Api("workspace.yaml", f"{globex.slug}.{settings.PLEXICA_BASE_DOMAIN}", token)
    with tenant_scope(globex):
        # Those too that were made meanwhile.
        for account in list_with_roles():
            revoke_service_account(tenant=globex, account=account, actor=SYSTEM)


@pytest.fixture(scope="module")
def host(globex: Tenant) -> Iterator[Api]:
    with platform_scope():
        empty_registry()
        author = Author()
        author.trusted()
        release = author.registered()
        installation = Installation.objects.create(
            tenant=globex,
            plugin=release.plugin,
            release=release,
            state=InstallationState.ENABLED,
            uses=release.contract.uses,
            installed_by="Cy",
        )
    yield Api("host.yaml", "127.0.0.1", make_host_token(HostToken(installation.pk, globex.pk)))
    with platform_scope():
        empty_registry()


@dataclass
class Asking:
    """Sends requests to the operations of an API, and notes what is wrong with the answers."""

    api: Api
    is_random: bool
    problems: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    def ask(self, operation: Any, mode: GenerationMode, token: str, examples: int) -> None:
        headers = {"Host": self.api.host, "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"

        @given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis_settings(
            max_examples=examples,
            derandomize=not self.is_random,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def send(case: Any) -> None:
            answer = case.call(headers=headers)
            self.statuses[answer.status_code] += 1
            if answer.status_code == HTTPStatus.REQUEST_URI_TOO_LONG:
                # Said of every address at once, in docs/security/limits.md.
                assert len(answer.request.url) > settings.PLEXICA_MAX_URL_BYTES
                return
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as error:
                told = "; ".join(f"{each.title}: {each.message}" for each in error.exceptions)
                sent = f"{case.formatted_path} {case.query} {case.body!r}"
                self.problems.setdefault(operation.label, f"{told}\n{sent}"[:1500])

        try:
            send()
        except Unsatisfiable:
            # There is nothing that would not fit.
            assert mode is GenerationMode.NEGATIVE

    def ask_all(self, examples: int, *, only: str = "") -> None:
        schema = schemathesis.openapi.from_dict(
            yaml.safe_load((DESCRIPTIONS / self.api.file).read_text(encoding="utf-8"))
        )
        schema.app = get_wsgi_application()
        schema.config.update(base_url=f"http://{self.api.host}")
        for found in schema.get_all_operations():
            if only and found.ok().label != only:
                continue
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self.ask(found.ok(), mode, self.api.token, examples)
                self.ask(found.ok(), mode, "", 1)


@pytest.mark.parametrize("name", ["console", "workspace", "host"])
def test_answers_are_as_described(name: str, request: pytest.FixtureRequest) -> None:
    asking = Asking(request.getfixturevalue(name), is_random=False)
    asking.ask_all(examples=2)
    assert not asking.problems, "\n\n".join(f"{k}: {v}" for k, v in asking.problems.items())
    # Some were taken, some refused: for what they say, and for who says it.
    assert {200, 400, 401} <= set(asking.statuses)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["console", "workspace", "host"])
def test_many_answers_are_as_described(
    name: str, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    asking = Asking(request.getfixturevalue(name), is_random=True)
    asking.ask_all(examples=40)
    record_property("requests", asking.statuses.total())
    assert not asking.problems, "\n\n".join(f"{k}: {v}" for k, v in asking.problems.items())


def test_an_answer_that_is_not_described_is_found(
    workspace: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def teapot(*_given: Any, **_named: Any) -> HttpResponse:
        return HttpResponse(status=418)

    monkeypatch.setattr(views.MeView, "get", teapot)
    asking = Asking(workspace, is_random=False)
    asking.ask_all(examples=1, only="GET /api/me")
    assert "418" in asking.problems["GET /api/me"]
