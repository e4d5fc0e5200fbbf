from typing import ClassVar

from django.db import models
from django.utils import timezone

MAX_TEXT_LENGTH = 500
MAX_AUTHOR_LENGTH = 255


class Note(models.Model):
    """A note of a workspace. Each workspace has a table of its own."""

    text = models.CharField(max_length=MAX_TEXT_LENGTH)
    author = models.CharField(max_length=MAX_AUTHOR_LENGTH)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.text
