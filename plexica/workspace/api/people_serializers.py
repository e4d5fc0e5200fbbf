"""What comes into a workspace's API about people, and what goes out."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from plexica.identity.actors import viewer_of
from plexica.identity.change_words import words_of
from plexica.identity.models import RealmChange, User
from plexica.identity.people import MAX_EMAIL_LENGTH, MAX_PERSON_NAME
from plexica.identity.people_states import WAITING, PersonState, change_of, state_of
from plexica.identity.realm_changes import Outcome
from plexica.rbac.models import MAX_KEY_LENGTH
from plexica.rbac.people import MAX_INVITED, MAX_ROLES
from plexica.rbac.people_selectors import may_manage_people
from plexica.rbac.permissions import ROLES_VIEW
from tenants.api.serializers.fields import EmailField, TextField
from tenants.api.serializers.pages import PageQuerySerializer
from tenants.api.serializers.strict import StrictSerializer

STATES = [*PersonState.values, WAITING]


# The schema tells the services' rules; they themselves are checked by the services.
@extend_schema_field({"type": "string", "maxLength": MAX_PERSON_NAME})
class PersonNameField(TextField):
    """A person's first or last name."""


class UserQuerySerializer(PageQuerySerializer):
    """Which people are asked for."""

    search = TextField(
        required=False,
        default="",
        allow_blank=True,
        max_length=MAX_EMAIL_LENGTH,
        help_text="Words of which each is in the name or the address, whatever its case.",
    )
    state = serializers.ChoiceField(
        choices=STATES,
        required=False,
        default="",
        allow_blank=True,
        help_text="Only people in this state, or those who wait for the login service. Without it,"
        " all but those who were removed.",
    )


class InviteeSerializer(StrictSerializer):
    """Somebody who is to be invited."""

    email = EmailField()
    first_name = PersonNameField(required=False, default="", allow_blank=True)
    last_name = PersonNameField(required=False, default="", allow_blank=True)


class InvitationsSerializer(StrictSerializer):
    """People who are to be invited, and what they get."""

    people = serializers.ListField(child=InviteeSerializer(), min_length=1, max_length=MAX_INVITED)
    roles = serializers.ListField(
        child=TextField(max_length=MAX_KEY_LENGTH),
        required=False,
        default=list,
        max_length=MAX_ROLES,
        help_text="The keys of the roles that they get at once; you must hold what they grant."
        " Without any, they become members when they first log in.",
    )


class UserUpdateSerializer(StrictSerializer):
    """What may change of a person."""

    first_name = PersonNameField(required=False, allow_blank=True)
    last_name = PersonNameField(required=False, allow_blank=True)


class WaitingSerializer(serializers.ModelSerializer[RealmChange]):
    """What the login service has yet to do about somebody."""

    what = serializers.SerializerMethodField(help_text="What waits, and what that means, in words.")

    class Meta:
        model = RealmChange
        fields = ("what", "has_failed", "attempts", "last_error", "next_attempt_at", "asked_at")
        read_only_fields = fields

    def get_what(self, change: RealmChange) -> list[str]:
        """Return what waits, in words."""
        return words_of(change)


class UserSerializer(serializers.ModelSerializer[User]):
    """A person. What the caller may not see is null."""

    state = serializers.SerializerMethodField()
    roles = serializers.SerializerMethodField(
        help_text="The keys of the roles that they hold themselves; for those who may see roles."
    )
    email = serializers.CharField(
        read_only=True, help_text="Empty where the login service knows none."
    )
    last_login = serializers.SerializerMethodField(help_text="For those who manage people.")
    waiting = serializers.SerializerMethodField(
        help_text="What the login service has yet to do; for those who manage people."
    )

    class Meta:
        model = User
        fields = (
            "id", "email", "first_name", "last_name", "state", "roles", "last_login", "waiting",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=PersonState.choices))
    def get_state(self, user: User) -> str:
        """Return how far they are."""
        return state_of(user).value

    @extend_schema_field(serializers.ListField(child=serializers.CharField(), allow_null=True))
    def get_roles(self, user: User) -> list[str] | None:
        """Return the keys of the roles that they hold themselves."""
        if not viewer_of(self.context["request"]).has_perm(ROLES_VIEW):
            return None
        return sorted(assignment.role.key for assignment in user.role_assignments.all())

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_login(self, user: User) -> str | None:
        """Return when they logged in last."""
        if user.last_login is None or not may_manage_people(viewer_of(self.context["request"])):
            return None
        return serializers.DateTimeField().to_representation(user.last_login)

    @extend_schema_field(WaitingSerializer(allow_null=True))
    def get_waiting(self, user: User) -> Any:
        """Return what the login service has yet to do."""
        change = change_of(user)
        if change is None or not may_manage_people(viewer_of(self.context["request"])):
            return None
        return WaitingSerializer(change).data


class UserPageSerializer(serializers.Serializer[Any]):
    """A page of people."""

    next = serializers.URLField(allow_null=True, help_text="The page after this one.")
    previous = serializers.URLField(allow_null=True, help_text="The page before this one.")
    results = UserSerializer(many=True)


class InvitationSerializer(serializers.Serializer[Any]):
    """What became of one invitation."""

    email = serializers.CharField()
    outcome = serializers.ChoiceField(
        choices=[outcome.value for outcome in Outcome],
        help_text="`done`: the mail is sent. `failed`: nobody was invited, for the reason given."
        " Otherwise it is not all done yet, and is tried again by itself.",
    )
    reason = serializers.CharField(allow_blank=True)
    user = UserSerializer(allow_null=True)


class InvitationsResultSerializer(serializers.Serializer[Any]):
    """What became of each invitation, in the order given."""

    results = InvitationSerializer(many=True)
