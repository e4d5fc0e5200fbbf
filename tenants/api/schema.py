"""What OpenAPI is told beyond what views and serializers say by themselves."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from plexica.core.problems import CONTENT_TYPE, TYPE_PREFIX
from tenants.api.serializers.tenants_out import TenantRunSerializer
from tenants.api.waiting import MAX_WAIT_SECONDS

Responses = dict[tuple[int, str], OpenApiResponse]

SLUG = OpenApiParameter(
    "slug", str, OpenApiParameter.PATH, description="The tenant's short name, such as `acme`."
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    OpenApiParameter.HEADER,
    description="What tells this request from your others, such as a random UUID. The same request"
    " again, within a day, is answered like the first one and begins nothing; another body under"
    " the same key is refused with 422.",
)
PREFER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description=f"`wait=N` (RFC 7240) has the answer wait until the tenant is complete, for N"
    f" seconds at most, and never longer than {MAX_WAIT_SECONDS}. Few may wait at once: others are"
    " answered 202 at once, without `Preference-Applied`.",
    examples=[OpenApiExample("Wait for the tenant", value="wait=30")],
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the tenant as you know it; if it has changed since, the answer is"
    " 412 and nothing is changed.",
)


def answer_header(name: str, description: str, *, statuses: tuple[int, ...]) -> OpenApiParameter:
    """Return the description of a header of the answer.

    Args:
        name: The header.
        description: What it says.
        statuses: The status codes that it comes with.
    """
    return OpenApiParameter(
        name, str, OpenApiParameter.HEADER, response=list(statuses), description=description
    )


RUN_HEADERS = (
    answer_header("Location", "The run to ask.", statuses=(202,)),
    answer_header("Retry-After", "When to ask, in seconds.", statuses=(202,)),
    answer_header("Preference-Applied", "`wait=N` if the answer waited.", statuses=(200, 202, 500)),
)


class FieldProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField(help_text="The field; empty for the body as a whole.")
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """What went wrong, as RFC 9457 has it."""

    type = serializers.CharField(help_text=f"Stable: `{TYPE_PREFIX}` and the kind of problem.")
    title = serializers.CharField(help_text="The kind of problem, in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened this time.")
    errors = FieldProblemSerializer(many=True, required=False)  # type: ignore[assignment] # the framework has a property of this name
    permission = serializers.CharField(
        required=False,
        help_text="Which permission is missing (403), for those who may know who may do what.",
    )
    request_id = serializers.CharField(
        required=False, help_text="Under which the request is in the logs."
    )


class ProvisioningProblemSerializer(ProblemSerializer):
    """A run that failed while the answer waited for it."""

    tenant = serializers.URLField(help_text="The tenant's address.")
    run = serializers.URLField(help_text="The run's address: its steps, what is left, retry.")
    failed_step = serializers.CharField()


_WORDS = {
    400: "The request is malformed, or a value is not acceptable.",
    401: "There is no valid access token.",
    403: "The caller lacks the permission.",
    404: "There is no such thing.",
    409: "The present state does not allow it.",
    412: "The tenant has changed since.",
    413: "The body is too large.",
    415: "The body is no `application/json`.",
    422: "The Idempotency-Key came before with another body.",
    429: "There were too many tries. `Retry-After` says when to try again.",
    503: "A server that is needed does not answer.",
}
_ALWAYS = (400, 401, 403, 429, 503)


def problems(*statuses: int) -> Responses:
    """Return the descriptions of problems, with those that every address has.

    Args:
        statuses: The status codes of further ones.
    """
    return {
        (status, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, description=_WORDS[status])
        for status in sorted({*_ALWAYS, *statuses})
    }


def run_responses(*statuses: int) -> dict[Any, Any]:
    """Return the descriptions of the answers of what begins a run for a tenant that is there.

    Args:
        statuses: The status codes of problems that it has beside those of every address.
    """
    return {
        200: OpenApiResponse(TenantRunSerializer, description="The run has succeeded."),
        202: OpenApiResponse(TenantRunSerializer, description="The run is under way."),
        **problems(*statuses),
        (500, CONTENT_TYPE): OpenApiResponse(
            ProvisioningProblemSerializer,
            description="The run failed while the answer waited for it.",
        ),
    }


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # drf-spectacular has few types
    """How callers say who they are."""

    target_class = "plexica.identity.api.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 (the framework's signature)
        """Return the security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "On the platform's host, an access token of the realm `plexica`, whose"
            " roles say what its owner may do: `super-admin`, `support` or `read-only`. On a"
            " workspace's host, one of the tenant's realm, of a person or of a service account."
            " Programs get theirs by client credentials"
            " (RFC 6749, section 4.4).",
        }
