"""Gives somebody a way in when the ordinary ones are gone; see docs/break-glass.md."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from plexica.core.actor import operator
from plexica.core.errors import OutwardError, PlexicaError
from plexica.identity.break_glass import close_realm, grant_super_admin, open_realm
from plexica.rbac.break_glass import appoint_owner
from tenants.selectors import get_tenant


class Command(BaseCommand):
    """Ways in for operators. Each is audited, with the reason."""

    help = "Give somebody a way in when the ordinary ones are gone; each is audited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the subcommands and their arguments."""
        commands = parser.add_subparsers(dest="command", required=True)

        super_admin = commands.add_parser(
            "super-admin", help="Make somebody a super admin of the platform."
        )
        super_admin.add_argument("email", help="Their address.")
        super_admin.add_argument("--reason", required=True, help="Why; it is kept in the audit.")
        super_admin.add_argument(
            "--new-password",
            action="store_true",
            help="Also give a new password to a person who is there already.",
        )

        realm = commands.add_parser(
            "realm",
            help="Let the administrators of Keycloak's master realm manage a tenant's for a while.",
        )
        realm.add_argument("slug", help="The tenant.")
        realm.add_argument("--reason", required=True, help="Why; it is kept in the audit.")
        realm.add_argument(
            "--minutes", type=int, default=60, help="For how long (60; 480 at most)."
        )

        closing = commands.add_parser("close-realm", help="End that before its time is over.")
        closing.add_argument("slug", help="The tenant.")

        owner = commands.add_parser(
            "owner", help="Make somebody an owner of a tenant, and invite them."
        )
        owner.add_argument("slug", help="The tenant.")
        owner.add_argument("email", help="Their address.")
        owner.add_argument("--reason", required=True, help="Why; it is kept in the audits.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run a subcommand.

        Raises:
            CommandError: Something in it is refused, or Keycloak does not answer or refuses.
        """
        run = {
            "super-admin": self._grant_super_admin,
            "realm": self._open_realm,
            "close-realm": self._close_realm,
            "owner": self._appoint_owner,
        }[options["command"]]
        try:
            run(options)
        except PlexicaError as error:
            said = [message for messages in error.fields.values() for message in messages]
            raise CommandError(" ".join(said) or error.detail) from error
        except OutwardError as error:
            raise CommandError(str(error)) from error

    def _grant_super_admin(self, options: dict[str, Any]) -> None:
        appointed = grant_super_admin(
            email=options["email"],
            reason=options["reason"],
            actor=operator(),
            new_password=options["new_password"],
        )
        self.stdout.write(
            f"{options['email']} {'was made and ' if appointed.is_new else ''}is a super admin."
        )
        if appointed.password:
            self.stdout.write(
                f"Password for the first login, which asks for another: {appointed.password}"
            )

    def _open_realm(self, options: dict[str, Any]) -> None:
        tenant = get_tenant(slug=options["slug"])
        until = open_realm(
            tenant=tenant,
            reason=options["reason"],
            actor=operator(),
            duration=timedelta(minutes=options["minutes"]),
        )
        self.stdout.write(
            f"Administrators of the master realm can manage the realm {tenant.realm}"
            f" until {until:%Y-%m-%d %H:%M} UTC."
        )

    def _close_realm(self, options: dict[str, Any]) -> None:
        tenant = get_tenant(slug=options["slug"])
        close_realm(tenant=tenant, actor=operator())
        self.stdout.write(f"Only the realm's own account manages {tenant.realm} again.")

    def _appoint_owner(self, options: dict[str, Any]) -> None:
        tenant = get_tenant(slug=options["slug"])
        appoint_owner(
            tenant=tenant, email=options["email"], reason=options["reason"], actor=operator()
        )
        self.stdout.write(f"{options['email']} owns {tenant.slug} now; an invitation is sent.")
