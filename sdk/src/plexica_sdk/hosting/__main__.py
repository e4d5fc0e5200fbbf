"""`python -m plexica_sdk.hosting hello`: run a plugin that is a Django app."""

import argparse
import sys

from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver

from plexica_sdk.errors import PluginError
from plexica_sdk.hosting.configuration import configure
from plexica_sdk.hosting.environment import this_backend
from plexica_sdk.hosting.server import serve


def main() -> int:
    """Run a plugin until it is told to end.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m plexica_sdk.hosting", description=__doc__)
    parser.add_argument("apps", nargs="+", metavar="APP", help="the module of a Django app")
    options = parser.parse_args()
    try:
        configure(options.apps)
        # A mistake in the addresses should end the start, not the first request.
        _ = get_resolver().url_patterns
        serve(WSGIHandler(), this_backend())
    except PluginError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
