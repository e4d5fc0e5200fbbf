"""How the API reads, refuses and describes itself."""

from typing import Any

from plexica.settings.version import PLEXICA_VERSION

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["plexica.identity.api.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["plexica.rbac.api.HoldsWhatIsNeeded"],
    "DEFAULT_PARSER_CLASSES": ["plexica.core.json_body.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "plexica.core.problems.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plexica API",
    "VERSION": PLEXICA_VERSION,
    "DESCRIPTION": "Tenants of a Plexica platform, the runs that make them, and the registry of its"
    " plugins. Errors are problem details (RFC 9457); their `type` is stable.",
    "OAS_VERSION": "3.1.0",
    "SERVE_URLCONF": "plexica.urls_console",
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "TenantState": "tenants.states.TenantState",
        "RunState": "tenants.states.RunState",
        "StepState": "tenants.states.StepState",
        "RunKind": "tenants.states.RunKind",
        "RetryMode": "tenants.api.serializers.tenants_in.RETRY_MODES",
        "ReleaseState": "plugins.states.ReleaseState",
        "BackendState": "plugins.states.BackendState",
        "InstallationState": "plugins.states.InstallationState",
        "KindEnum": "plexica.identity.models.UserKind",
    },
    # No outside validator is asked, and no token outlives the page.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
}
# What is different in the description of a workspace's API (`--custom-settings`).
WORKSPACE_SPECTACULAR_SETTINGS = {
    "TITLE": "Plexica workspace API",
    "DESCRIPTION": "One tenant's workspace: who calls, its roles and groups, why somebody may do"
    " something, and the accounts of its programs. Errors are"
    " problem details (RFC 9457); their `type` is stable.",
}
# And in that of the API for plugins' backends.
HOST_SPECTACULAR_SETTINGS = {
    "TITLE": "Plexica host API",
    "VERSION": "1",
    "DESCRIPTION": "What the backend of a plugin may ask its host for, in the name of one"
    " installation. Errors are problem details (RFC 9457); their `type` is stable.",
}
