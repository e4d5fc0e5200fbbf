"""What the registry's addresses name, for the description of the API."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter

TAGS = ["plugins"]
SLUG = OpenApiParameter(
    "slug", str, OpenApiParameter.PATH, description="The plugin's short name, such as `hello`."
)
VERSION = OpenApiParameter(
    "version", str, OpenApiParameter.PATH, description="The release's version, such as `0.1.0`."
)
KEY = OpenApiParameter("key_id", UUID, OpenApiParameter.PATH, description="The key's id.")
