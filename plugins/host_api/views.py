"""What a plugin learns from its host, and has it do. Each parses, makes one call, and renders."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.core.errors import Conflict
from plexica.core.scope import platform_scope
from plugins.gateway.tokens import LIFETIME_SECONDS
from plugins.host_api.base import HostView, guest_of, scope_of_guest
from plugins.host_api.mails import ask_for_mail
from plugins.host_api.schema import (
    CredentialSerializer,
    InstallationSerializer,
    PeopleSerializer,
    described,
)
from plugins.host_api.serializers import EventSerializer, MailSerializer, UsersQuerySerializer
from plugins.host_api.services import list_people, publish_event
from plugins.lifecycle.database import database_url
from plugins.settings_values import settings_of
from tenants.api.base import read_body, read_query
from tenants.api.serializers.strict import EmptySerializer, QuerySerializer


class InstallationView(HostView):
    """What the host knows of the installation."""

    is_for_changes = True

    @described("get_installation", "Who am I?", responses={200: InstallationSerializer})
    def get(self, request: Request) -> Response:
        """Return it, with its settings."""
        read_query(QuerySerializer, request)
        installation = guest_of(request).installation
        tenant = installation.tenant
        with platform_scope():
            settings = settings_of(installation)
        return Response(
            {
                "id": str(installation.pk),
                "plugin": installation.plugin.slug,
                "version": installation.release.version,
                "tenant": {"id": str(tenant.pk), "slug": tenant.slug, "name": tenant.name},
                "uses": sorted(installation.uses),
                "settings": settings,
            }
        )


class DatabaseView(HostView):
    """How the installation reaches its schema."""

    is_for_changes = True

    @described(
        "get_database",
        "How do I reach my schema?",
        request=None,
        responses={200: CredentialSerializer},
        errors=(409,),
    )
    def post(self, request: Request) -> Response:
        """Return the address, with user and password.

        Raises:
            Conflict: There is no schema yet.
        """
        read_body(EmptySerializer, request)
        installation = guest_of(request).installation
        try:
            with platform_scope():
                url = database_url(installation)
        except KeyError as error:
            raise Conflict("This installation has no database yet.") from error
        return Response(
            {
                "url": url,
                "schema": installation.schema_name,
                # It may be changed at any time; after that, the plugin is refused and asks again.
                "valid_until": timezone.now() + timedelta(seconds=LIFETIME_SECONDS),
            }
        )


class UsersView(HostView):
    """The tenant's people."""

    needs = "users:read"

    @described(
        "list_users",
        "Who is there?",
        parameters=[UsersQuerySerializer],
        responses={200: PeopleSerializer},
    )
    def get(self, request: Request) -> Response:
        """Return some of them, by their ids."""
        wanted = read_query(UsersQuerySerializer, request)
        with scope_of_guest(guest_of(request)):
            people, after = list_people(limit=wanted["limit"], after=wanted["after"])
        return Response(
            {
                "results": [
                    {
                        "id": str(person.pk),
                        "name": str(person),
                        "email": person.email,
                        "is_active": person.is_active,
                    }
                    for person in people
                ],
                "next": str(after) if after else None,
            }
        )


class EventsView(HostView):
    """Events that the plugin publishes."""

    needs = "events"

    @described("publish_event", "Publish an event", request=EventSerializer, responses={202: None})
    def post(self, request: Request) -> Response:
        """Publish one."""
        sent = read_body(EventSerializer, request)
        guest = guest_of(request)
        with scope_of_guest(guest):
            publish_event(
                release=guest.installation.release, event=sent["event"], payload=sent["payload"]
            )
        return Response(status=202)


class MailsView(HostView):
    """Mail to the tenant's people."""

    needs = "mail"

    @described("send_mail", "Send mail to somebody", request=MailSerializer, responses={202: None})
    def post(self, request: Request) -> Response:
        """Have one sent."""
        sent = read_body(MailSerializer, request)
        guest = guest_of(request)
        with scope_of_guest(guest):
            ask_for_mail(
                installation=guest.installation,
                to=sent["to"],
                subject=sent["subject"],
                text=sent["text"],
            )
        return Response(status=202)
