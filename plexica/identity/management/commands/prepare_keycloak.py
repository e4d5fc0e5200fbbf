"""Makes or updates the platform's realm."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from plexica.core.errors import OutwardError
from plexica.identity.keycloak.errors import RawAnswerError
from plexica.identity.keycloak.master import master_client
from plexica.identity.platform_realm import FirstAdmin, prepare_platform_realm
from plexica.identity.providers import PLATFORM_REALM
from plexica.settings.environment import required, secret


class Command(BaseCommand):
    """Makes the realm that the console and the API log in with, or brings it up to date."""

    help = "Make or update the platform's Keycloak realm, its clients and its first super admin."

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the command.

        Raises:
            CommandError: Keycloak does not answer or refuses.
        """
        master = master_client("default")
        admin = FirstAdmin(
            username=required("PLEXICA_ADMIN_USERNAME"),
            email=required("PLEXICA_ADMIN_EMAIL"),
            password=required("PLEXICA_ADMIN_PASSWORD"),
        )
        try:
            is_new = prepare_platform_realm(
                master=master,
                console_secret=settings.PLEXICA_CONSOLE_CLIENT_SECRET,
                api_secret=secret("PLEXICA_API_CLIENT_SECRET"),
                admin=admin,
            )
        except OutwardError as error:
            cause = error.__cause__
            said = f" ({cause})" if isinstance(cause, RawAnswerError) else ""
            raise CommandError(f"{error}{said}") from error
        if options["verbosity"]:
            self.stdout.write(f"Realm {PLATFORM_REALM} {'made' if is_new else 'is up to date'}.")
