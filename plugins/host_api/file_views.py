"""An installation's files in its tenant's bucket, below a prefix of its own."""

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.core.errors import InvalidInput
from plexica.storage.objects import delete_object, list_objects, open_object, write_object
from plugins.gateway.bodies import check_length, spool_body
from plugins.host_api.base import HostView, guest_of
from plugins.host_api.schema import StoredFilesSerializer, described
from plugins.host_api.serializers import FilesQuerySerializer
from plugins.lifecycle.files import files_prefix
from tenants.api.base import read_query

MAX_TYPE_LENGTH = 200
_UNTYPED = "application/octet-stream"


class FilesView(HostView):
    """The files."""

    needs = "storage"

    @described(
        "list_files",
        "Which files are there?",
        parameters=[FilesQuerySerializer],
        responses={200: StoredFilesSerializer},
    )
    def get(self, request: Request) -> Response:
        """Return some of them, by key."""
        wanted = read_query(FilesQuerySerializer, request)
        guest = guest_of(request)
        found, after = list_objects(
            tenant=guest.tenant,
            prefix=files_prefix(guest.installation),
            beginning=wanted["prefix"],
            limit=wanted["limit"],
            after=wanted["after"],
        )
        return Response(
            {
                "results": [
                    {"key": each.key, "size": each.size, "modified_at": each.modified_at}
                    for each in found
                ],
                "next": after or None,
            }
        )


class FileView(HostView):
    """One of the files."""

    needs = "storage"

    @described(
        "read_file",
        "Read a file",
        responses={(200, _UNTYPED): OpenApiTypes.BINARY},
        errors=(404,),
    )
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """Return its bytes."""
        guest = guest_of(request)
        found = open_object(tenant=guest.tenant, prefix=files_prefix(guest.installation), key=key)
        return StreamingHttpResponse(
            found.chunks,
            content_type=found.content_type,
            headers={"Content-Length": str(found.size)},
        )

    @described(
        "write_file",
        "Write a file",
        request={_UNTYPED: OpenApiTypes.BINARY},
        responses={204: None},
        errors=(404, 413),
    )
    def put(self, request: Request, key: str) -> HttpResponse:
        """Write it, in the place of the one that is there.

        Raises:
            InvalidInput: Its type is none.
        """
        plain = request._request  # noqa: SLF001 (its body is taken as it is)
        check_length(plain)
        content_type = plain.headers.get("Content-Type") or _UNTYPED
        if len(content_type) > MAX_TYPE_LENGTH or not content_type.isprintable():
            raise InvalidInput(fields={"Content-Type": ["This is no type."]})
        guest = guest_of(request)
        write_object(
            tenant=guest.tenant,
            prefix=files_prefix(guest.installation),
            key=key,
            content=spool_body(plain),
            content_type=content_type,
        )
        return Response(status=204)

    @described("delete_file", "Delete a file", responses={204: None}, errors=(404,))
    def delete(self, request: Request, key: str) -> HttpResponse:
        """Delete it, whether it is there or not."""
        guest = guest_of(request)
        delete_object(tenant=guest.tenant, prefix=files_prefix(guest.installation), key=key)
        return Response(status=204)
