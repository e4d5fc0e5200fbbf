from hello.models import MAX_AUTHOR_LENGTH, Note
from plexica_sdk import hosting


def add_note(*, text: str, author: str) -> Note:
    """Add a note, and tell others once it is committed.

    Args:
        text: What it says.
        author: The name of who says it.
    """
    note = Note.objects.create(text=text, author=author[:MAX_AUTHOR_LENGTH])
    hosting.publish("hello.note_added", {"id": note.pk, "author": note.author})
    return note
