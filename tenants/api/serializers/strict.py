"""Bodies and parameters of which every member must be known."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

_MAX_NAMED_UNKNOWNS = 20
_MAX_ECHOED_LENGTH = 100


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses members that it does not know, and names them beside what else is wrong."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values.

        Raises:
            ValidationError: Some are of the wrong type, missing or unknown.
        """
        problems: dict[str, Any] = {}
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            problems = {
                name[:_MAX_ECHOED_LENGTH]: [self.explain_unknown(name)]
                for name in unknown[:_MAX_NAMED_UNKNOWNS]
            }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
            raise serializers.ValidationError({**detail, **problems}) from error
        if problems:
            raise serializers.ValidationError(problems)
        return values

    def explain_unknown(self, name: str) -> str:  # noqa: ARG002 (for those who know the name)
        """Return what is said about a member that is not known."""
        return "There is no such field."


class EmptySerializer(StrictSerializer):
    """A body that says nothing: `{}`, or none at all."""


class QuerySerializer(StrictSerializer):
    """Reads the parameters of an address; each is given once, unless it is a list."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values.

        Raises:
            ValidationError: A parameter is unknown, repeated or not acceptable.
        """
        lists = [
            name for name, field in self.fields.items() if isinstance(field, serializers.ListField)
        ]
        repeated = [
            name
            for name, values in data.lists()
            if name in self.fields and name not in lists and len(values) > 1
        ]
        if repeated:
            raise serializers.ValidationError({name: ["Give it once."] for name in repeated})
        return super().to_internal_value(
            {name: values if name in lists else values[-1] for name, values in data.lists()}
        )

    def explain_unknown(self, name: str) -> str:  # noqa: ARG002 (every name is the same here)
        """Say that it is a parameter of the address."""
        return "There is no such parameter."
