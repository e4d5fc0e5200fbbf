"""What plugins send to the host's API."""

from rest_framework import serializers

from tenants.api.serializers.strict import QuerySerializer, StrictSerializer

MAX_PAGE = 200
DEFAULT_PAGE = 100
MAX_KEY = 1000
MAX_SUBJECT = 200
MAX_TEXT = 20_000


class UsersQuerySerializer(QuerySerializer):
    """Which people are asked for."""

    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=DEFAULT_PAGE)
    after = serializers.UUIDField(default=None)


class FilesQuerySerializer(QuerySerializer):
    """Which files are asked for."""

    prefix = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_KEY, trim_whitespace=False
    )
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=DEFAULT_PAGE)
    after = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_KEY, trim_whitespace=False
    )


class EventSerializer(StrictSerializer):
    """An event."""

    event = serializers.CharField(max_length=100)
    payload = serializers.DictField()


class MailSerializer(StrictSerializer):
    """A mail."""

    to = serializers.UUIDField()
    subject = serializers.CharField(max_length=MAX_SUBJECT)
    text = serializers.CharField(max_length=MAX_TEXT, trim_whitespace=False)

    def validate_subject(self, subject: str) -> str:
        """Return the subject, which is one line.

        Raises:
            ValidationError: It is not.
        """
        if not subject.isprintable():
            raise serializers.ValidationError("Write it in one line.")
        return subject
