"""The web server's entry point."""

import os

from django.core.wsgi import get_wsgi_application

from plexica.core.observe.listener import start_observing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plexica.settings")
start_observing("web")

application = get_wsgi_application()
