"""Times pages: `python -m bench._pages ROUNDS PEOPLE`, JSON last.

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
    from bench import _pages_plexica  # noqa: PLC0415 (after the set-up)

    rounds, people = map(int, sys.argv[1:])
    print(json.dumps(_pages_plexica.measure(rounds=rounds, people=people)))


if __name__ == "__main__":
    main()
