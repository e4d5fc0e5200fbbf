"""Times the console's list of tenants: `python -m bench._tenants OPTIONS`, JSON last.

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
    from bench import _tenants_list  # noqa: PLC0415 (after the set-up)

    print(json.dumps(_tenants_list.measure(**json.loads(sys.argv[1]))))


if __name__ == "__main__":
    main()
