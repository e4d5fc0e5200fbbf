"""Steps that do nothing but what a test tells them, in place of those that call servers."""

from collections.abc import Callable
from typing import ClassVar

from tenants.models import Tenant
from tenants.provisioning.step import Step

Behaviour = Callable[[], None]

calls: list[str] = []
behaviour: dict[str, list[Behaviour]] = {}


def configuration() -> dict[str, list[str]]:
    """Return the setting that has runs of every kind take the steps of this module."""
    three = [f"{__name__}.{name}" for name in ("One", "Two", "Three")]
    return dict.fromkeys(("create", "suspend", "resume", "delete", "restore"), three)


def reset() -> None:
    """Forget what was called and what to do."""
    calls.clear()
    behaviour.clear()


def on(call: str, *behaviours: Behaviour) -> None:
    """Have calls such as `do one` behave like this, in turn; after that they succeed."""
    behaviour[call] = list(behaviours)


class _Told(Step):
    def do(self, tenant: Tenant) -> None:  # noqa: ARG002 (the interface)
        self._act("do")

    def undo(self, tenant: Tenant) -> None:  # noqa: ARG002 (the interface)
        self._act("undo")

    def _act(self, verb: str) -> None:
        call = f"{verb} {self.name}"
        calls.append(call)
        if left := behaviour.get(call):
            left.pop(0)()


class One(_Told):
    name: ClassVar[str] = "one"
    label: ClassVar[str] = "First"


class Two(_Told):
    name: ClassVar[str] = "two"
    label: ClassVar[str] = "Second"
    needs: ClassVar[frozenset[str]] = frozenset({"one"})


class Three(_Told):
    name: ClassVar[str] = "three"
    label: ClassVar[str] = "Third"
    needs: ClassVar[frozenset[str]] = frozenset({"two"})


class Apart(_Told):
    """A step that needs none of the others, and none needs it."""

    name: ClassVar[str] = "apart"
    label: ClassVar[str] = "Apart"
