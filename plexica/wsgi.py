"""The web server's entry point."""

import os

from django.core.wsgi import get_wsgi_application

from plexica.core.observe.listener import start_observing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plexica.settings")
start_observing("web")

_django = get_wsgi_application()

from plexica.core.forwarded import only_from_proxies  # noqa: E402 (it reads the settings)

application = only_from_proxies(_django)
