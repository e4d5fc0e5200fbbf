"""Times the gateway: `python -m bench._gateway ROUNDS SECONDS`, JSON last.

It runs by itself, since it needs Django's settings.
"""

import json
import os
import sys


def main() -> None:
    """Measure, and print the figures."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "plexica.settings"
    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from bench import _gateway_plexica  # noqa: PLC0415 (after the set-up)

    rounds, seconds = map(int, sys.argv[1:])
    print(json.dumps(_gateway_plexica.measure(rounds=rounds, seconds=seconds)))


if __name__ == "__main__":
    main()
