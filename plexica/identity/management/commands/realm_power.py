"""Gives an operator power over one tenant's realm, and takes it away again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from plexica.core.errors import NotFound, OutwardError
from plexica.identity.keycloak.master import master_client
from tenants.selectors import get_tenant


class Command(BaseCommand):
    """Gives the master realm's administrators power over a tenant's realm, or takes it away.

    Plexica takes it away when it makes a realm, as every realm that they have power over slows
    down all that they do.
    """

    help = "Let the master realm's administrators manage a tenant's realm (give) or not (take)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the arguments."""
        parser.add_argument("action", choices=("give", "take"))
        parser.add_argument("slug")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the command.

        Raises:
            CommandError: There is no such tenant, or Keycloak does not answer or refuses.
        """
        try:
            tenant = get_tenant(slug=options["slug"])
            master = master_client(tenant.keycloak)
            if options["action"] == "give":
                master.take_power(tenant.realm)
            else:
                master.give_power_away(tenant.realm)
            powers = master.count_powers(tenant.realm)
        except (NotFound, OutwardError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Administrators of master hold {powers} roles of realm {tenant.realm}.")
