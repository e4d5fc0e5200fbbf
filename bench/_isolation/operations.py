"""Calls every operation of the API, with acme's ids in path, query and body."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from django.conf import settings
from django.test import Client

from bench._isolation.cast import OTHERS_PLUGIN, Cast, host_of
from bench._isolation.pages import contents
from bench._isolation.planting import Planted
from bench._isolation.watch import Watch
from deploy.local.instance import CHECKOUT

_METHODS = ("get", "post", "put", "patch", "delete")
_MAX_DEPTH = 6
_INTERNAL = "127.0.0.1"


@dataclass(frozen=True)
class Operation:
    """An operation of an API: its method and path, and what goes along."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


def call_operations(watch: Watch, planted: Planted, cast: Cast, *, thorough: bool) -> None:
    """Call each operation as each program, with each token and without one."""
    tokens = cast.tokens if thorough else dict(list(cast.tokens.items())[:1])
    acme, globex = host_of(planted.acme), host_of(cast.globex)
    console = settings.PLEXICA_BASE_DOMAIN
    nobody = {"nobody": "", "a forged token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."}
    for operation in operations("workspace.yaml", planted):
        for name, token in tokens.items():
            _call(watch, name, token, globex, operation)
        for name, token in {**nobody, **tokens}.items():
            _call(watch, name, token, acme, operation)
    for operation in operations("openapi.yaml", planted, slug=planted.acme.slug):
        for name, token in {**nobody, **tokens}.items():
            _call(watch, name, token, console, operation)
    for operation in operations("host.yaml", planted):
        plugin = {"globex's plugin": cast.plugin_token, **cast.bad_plugin_tokens, **nobody}
        for name, token in plugin.items():
            _call(watch, name, token, _INTERNAL, operation)
            if name == "globex's plugin":
                _call(watch, name, token, acme, operation)


def operations(document: str, planted: Planted, slug: str = OTHERS_PLUGIN) -> Iterator[Operation]:
    """Find the operations of a document, and fill them with what is acme's."""
    described = yaml.safe_load((CHECKOUT / "docs" / "api" / document).read_text(encoding="utf-8"))
    filler = _Filler(described, planted, slug)
    for path, item in described["paths"].items():
        for method in _METHODS:
            if method in item:
                yield filler.operation(method, path, item)


class _Filler:
    """Finds a value of acme's for whatever is asked for."""

    def __init__(self, described: dict[str, Any], planted: Planted, slug: str) -> None:
        self._described = described
        self._values = {
            "user_id": planted.id_of("identity.User"),
            "account_id": planted.id_of("identity.User"),
            "group_id": planted.id_of("rbac.Group"),
            "run_id": planted.id_of("tenants.ProvisioningRun"),
            "key": str(getattr(planted.rows["rbac.Role"], "key")),  # noqa: B009 (a row of any model)
            "role": str(getattr(planted.rows["rbac.Role"], "key")),  # noqa: B009 (the same)
            "slug": slug,
            "user": planted.id_of("identity.User"),
            "to": planted.id_of("identity.User"),
            "version": "1.0.0",
            "confirm": planted.acme.slug,
            "file_key": planted.file,
        }

    def operation(self, method: str, path: str, item: dict[str, Any]) -> Operation:
        operation = item[method]
        query = {}
        for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
            if parameter["in"] == "path":
                name = parameter["name"]
                if path.endswith("/files/{key}"):
                    name = "file_key"
                value = self._values.get(name, self._values["user_id"])
                path = path.replace(f"{{{parameter['name']}}}", value)
            elif parameter["in"] == "query":
                value = self._plain(parameter["name"], parameter["schema"])
                if value is not None:
                    query[parameter["name"]] = str(value)
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        body = self._fill("", schema, 0) if schema else None
        return Operation(method.upper(), path, query, body)

    def _plain(self, name: str, schema: dict[str, Any]) -> Any:
        if name in self._values:
            return self._values[name]
        if name in {"cursor", "after"}:
            return None
        if name in {"limit", "page_size"}:
            return schema.get("maximum")
        return self._fill(name, schema, 0)

    def _fill(self, name: str, schema: dict[str, Any], depth: int) -> Any:
        while "$ref" in schema:
            schema = self._described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for several in ("oneOf", "anyOf", "allOf"):
            if several in schema:
                return self._fill(name, schema[several][0], depth)
        kind = schema.get("type", "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            properties = schema.get("properties", {}) if depth < _MAX_DEPTH else {}
            return {
                key: self._fill(key, each, depth + 1)
                for key, each in properties.items()
                if not each.get("readOnly")
            }
        if kind == "array":
            return [self._fill(name.removesuffix("s"), schema.get("items", {}), depth + 1)]
        return self._simple(name, kind, schema)

    def _simple(self, name: str, kind: str, schema: dict[str, Any]) -> Any:
        if schema.get("enum"):
            return schema["enum"][0]
        if kind in {"integer", "number"}:
            return schema.get("minimum", 1)
        if kind == "boolean":
            return False
        is_id = schema.get("format") == "uuid"
        return self._values.get(name, self._values["user_id"] if is_id else "x")


def _call(watch: Watch, name: str, token: str, host: str, operation: Operation) -> None:
    attempt = f"{name}, {operation.method} {host}{operation.path}"
    if not watch.wants(attempt):
        return
    client = Client(headers={"host": host}, raise_request_exception=False)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = "" if operation.body is None else json.dumps(operation.body)
    answer = client.generic(
        operation.method,
        operation.path,
        body,
        "application/json",
        query_params=operation.query,
        headers=headers,
    )
    watch.look("operations", attempt, contents(answer), answer=answer.status_code)
