"""Whether somebody looks after the backends of plugins."""

from django.db import connection

from plexica.core.errors import TransientError
from plexica.core.scope import platform_scope
from plugins.backend_selectors import AGENT_SILENT_SECONDS, is_agent_silent


def check_agent() -> None:
    """See that the plugin agent has looked lately, if there is anything for it to look after.

    Raises:
        TransientError: It has not.
    """
    with platform_scope():
        try:
            if is_agent_silent():
                raise TransientError(
                    f"No plugin agent has shown itself for {AGENT_SILENT_SECONDS} seconds."
                )
        finally:
            connection.close()
