"""Models of a made-up version that has more columns than a schema of the version before.

They are no part of the installed apps, so that nobody else makes their tables.
"""

from typing import Any, ClassVar

from django.db import connection, models
from django.db.models.functions import Now
from django.test.utils import isolate_apps

with isolate_apps("plexica.audit"):

    class Shelf(models.Model):
        """Something that books stand on, and are lent to."""

        name = models.CharField(max_length=20)

        class Meta:
            app_label = "audit"
            db_table = "test_shelf"

        def __str__(self) -> str:
            return self.name

    class Book(models.Model):
        """A row with columns of all kinds that a schema may lack."""

        title = models.CharField(max_length=20, unique=True)
        shelf = models.ForeignKey(Shelf, models.CASCADE, null=True, related_name="books")
        language = models.CharField(max_length=5, default="en", db_default="en")
        discount = models.CharField(max_length=5, db_default="5%")
        pages = models.IntegerField(null=True)
        details = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
        lent_to = models.ForeignKey(Shelf, models.CASCADE, null=True, related_name="borrowed")
        seen_at = models.DateTimeField(db_default=Now())
        written_again: ClassVar = ("seen_at",)

        class Meta:
            app_label = "audit"
            db_table = "test_book"
            ordering: ClassVar = ["id"]

        def __str__(self) -> str:
            return self.title

    class Score(models.Model):
        """A row in a table that a schema may lack."""

        book = models.ForeignKey(Book, models.CASCADE, related_name="scores")
        points = models.IntegerField()

        class Meta:
            app_label = "audit"
            db_table = "test_score"

        def __str__(self) -> str:
            return str(self.points)


LATER = ("language", "discount", "pages", "details", "lent_to", "seen_at")


def missing() -> frozenset[tuple[str, str]]:
    """Return what the version before lacks."""
    columns = {("test_book", _column(name)) for name in LATER}
    return frozenset(columns | {("test_score", f.column) for f in Score._meta.concrete_fields})  # noqa: SLF001 (documented Options)


def make_tables(*, is_later: bool) -> None:
    """Make the tables of one of the two versions in the current scope."""
    with connection.schema_editor() as editor:
        editor.create_model(Shelf)
        editor.create_model(Book)
    if not is_later:
        with connection.cursor() as cursor:
            for name in LATER:
                cursor.execute(f'ALTER TABLE test_book DROP COLUMN "{_column(name)}"')
    else:
        _make_score()


def upgrade_tables() -> None:
    """Bring the tables of the version before to the later one, as its migrations do."""
    for name in LATER:
        with connection.schema_editor() as editor:
            editor.add_field(Book, Book._meta.get_field(name))  # noqa: SLF001 (documented Options)
    _make_score()


def contents() -> list[dict[str, Any]]:
    """Return all that is in the tables, but when books were seen."""
    names = [f.attname for f in Book._meta.concrete_fields if f.name != "seen_at"]  # noqa: SLF001 (documented Options)
    return [*Book.objects.values(*names), *Shelf.objects.order_by("id").values()]


def fill() -> None:
    """Write the same rows into either version, by nothing but columns that both have."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO test_shelf (name) VALUES ('north'), ('south'), ('empty')")
        cursor.execute(
            "INSERT INTO test_book (title, shelf_id)"
            " VALUES ('Emma', 1), ('Persuasion', 1), ('Middlemarch', 2), ('Loose', NULL)"
        )


def _make_score() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Score)


def _column(name: str) -> str:
    return str(Book._meta.get_field(name).column)  # noqa: SLF001 (documented Options)
