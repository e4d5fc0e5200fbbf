"""`python -m deploy.demo`: fills a platform that runs with five lively tenants."""

import argparse
import os
import secrets
import sys

import django

from deploy.demo.errors import DemoError


def main() -> int:
    """Make the demo, or what is missing of it.

    Returns:
        The exit status: 0, or 1 if something was not made.
    """
    # What is done is said here; requests would be logged among it.
    os.environ["PLEXICA_LOG_LEVEL"] = "ERROR"
    django.setup()
    from deploy.demo.cast import DEMO_TENANTS  # noqa: PLC0415 (needs Django to be set up)
    from deploy.demo.making import make_tenant  # noqa: PLC0415 (the same)
    from deploy.demo.plugin import offer_plugin  # noqa: PLC0415 (the same)
    from plexica.core.errors import PlexicaError  # noqa: PLC0415 (the same)

    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    slugs = [demo.slug for demo in DEMO_TENANTS]
    parser.add_argument("--only", nargs="+", choices=slugs, default=slugs, metavar="SLUG")
    options = parser.parse_args()
    password = os.environ.get("PLEXICA_DEMO_PASSWORD") or secrets.token_urlsafe(12)

    try:
        has_plugin = offer_plugin()
        if not has_plugin:
            print("No plugin: register and publish examples/hello first to have it in the demo.")
        for demo in DEMO_TENANTS:
            if demo.slug in options.only:
                print(f"{demo.name}", flush=True)
                make_tenant(
                    demo,
                    password=password,
                    has_plugin=has_plugin,
                    say=lambda words: print(f"  {words}", flush=True),
                )
    except (DemoError, PlexicaError) as error:
        print(
            f"\n{error}\nMend it and give the command again: what is there stays.", file=sys.stderr
        )
        return 1
    print("\nOwners, who all have the same password now:", password)
    for demo in DEMO_TENANTS:
        if demo.slug in options.only:
            suspended = " (suspended)" if demo.is_suspended else ""
            print(f"  {demo.owner_email:24} {demo.name}{suspended}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
