"""Examples of the API's description."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_TIME = "2026-01-15T09:30:00Z"
_API = "https://plexica.example/api/tenants/acme"
_RUN = f"{_API}/runs/0b9d1f3e-6f0c-4f6e-9d53-0d3e1f4a7c11"


def _tenant(state: str) -> dict[str, Any]:
    return {
        "id": "5d3f3c52-8a0e-4bb1-9b57-3b8f6a7d2e90",
        "url": _API,
        "slug": "acme",
        "name": "Acme",
        "state": state,
        "owner_email": "ada@acme.example",
        "contact_email": "",
        "workspace_url": "https://acme.plexica.example",
        "runs_url": f"{_API}/runs",
        "schema_name": "t_acme",
        "realm": "acme",
        "bucket": "plexica-acme",
        "version": 1,
        "created_at": _TIME,
        "updated_at": _TIME,
        "activated_at": None if state == "PROVISIONING" else _TIME,
    }


_ACCEPTED = {
    "tenant": _tenant("PROVISIONING"),
    "run": {
        "id": _RUN.rpartition("/")[2],
        "url": _RUN,
        "tenant": "acme",
        "kind": "create",
        "state": "QUEUED",
        "failed_step": "",
        "error": "",
        "requested_by": "plexica-api",
        "created_at": _TIME,
        "started_at": None,
        "finished_at": None,
        "seconds": 0.004,
        "steps": [
            {
                "name": "schema",
                "label": "Database schema",
                "state": "PENDING",
                "attempts": 0,
                "error": "",
                "started_at": None,
                "finished_at": None,
                "seconds": None,
            }
        ],
    },
}

CREATE_TENANT = [
    OpenApiExample(
        "A tenant",
        value={"slug": "acme", "name": "Acme", "owner_email": "ada@acme.example"},
        request_only=True,
    ),
    OpenApiExample("Being made", value=_ACCEPTED, response_only=True, status_codes=["202"]),
    OpenApiExample(
        "A slug that is taken",
        value={
            "type": "urn:plexica:problem:slug-taken",
            "title": "This slug is taken",
            "status": 409,
            "detail": "There is a tenant “acme” already. Choose another slug.",
            "errors": [{"field": "slug", "detail": "This slug is taken."}],
            "request_id": "2f0c6d1e-1c43-4f0b-8f39-4a0f5b8e7d66",
        },
        response_only=True,
        status_codes=["409"],
        media_type="application/problem+json",
    ),
    OpenApiExample(
        "A run that failed",
        value={
            "type": "urn:plexica:problem:provisioning-failed",
            "title": "The tenant could not be made",
            "status": 500,
            "detail": "The storage does not answer.",
            "failed_step": "bucket",
            "tenant": _API,
            "run": _RUN,
            "request_id": "2f0c6d1e-1c43-4f0b-8f39-4a0f5b8e7d66",
        },
        response_only=True,
        status_codes=["500"],
        media_type="application/problem+json",
    ),
]
UPDATE_TENANT = [
    OpenApiExample(
        "A new name and contact",
        value={"name": "Acme Corporation", "contact_email": "office@acme.example"},
        request_only=True,
    )
]
