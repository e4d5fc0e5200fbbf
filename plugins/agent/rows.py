"""Changing the rows of backends, only from what was seen."""

from plugins.models import Backend

MAX_ERROR_LENGTH = 500
# What a row says of a process that is no more.
NOT_RUNNING = {"handle": "", "address": "", "ciphertext": "", "ready_at": None}


def change(backend: Backend, **values: object) -> bool:
    """Change a row, unless somebody has changed its state since it was read.

    Returns:
        Whether it was changed; then the object is, too.
    """
    seen = Backend.objects.filter(pk=backend.pk, state=backend.state, handle=backend.handle)
    if not seen.update(**values):
        return False
    for name, value in values.items():
        setattr(backend, name, value)
    return True


def short(error: Exception) -> str:
    """Return what an error says, as long as a row can have it."""
    return str(error)[:MAX_ERROR_LENGTH]
