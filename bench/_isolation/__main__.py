"""Proves the isolation on servers that are there: `python -m bench._isolation`, JSON last.

It runs by itself, since it needs Django's settings.
"""

import json
import os
import sys


def main() -> None:
    """Make two tenants, look for the canaries of one, and print what was seen and the figures."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "plexica.settings"
    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from bench._isolation import tenants  # noqa: PLC0415 (after the set-up)

    watch = tenants.prove(thorough="--short" not in sys.argv)
    for sighting in watch.sightings:
        print(sighting)
    print(json.dumps(watch.report()))


if __name__ == "__main__":
    main()
