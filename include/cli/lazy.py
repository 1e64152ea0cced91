"""Commands of which only a name and a line of help are known until one is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from collections.abc import Mapping

#: where a command's function is (``module:function``, below `include.cli`), and its line of help
Place = tuple[str, str]


class LazyCommand(TyperCommand):
    """A command whose module is imported when it is called, or asked for its parameters."""

    def __init__(self, name: str, place: str, line: str) -> None:
        """Know where it is."""
        super().__init__(name, help=line)
        self._place = place

    @property
    def params(self) -> list[Any]:
        """The parameters of the command itself."""
        found: list[Any] = self.loaded().params
        return found

    @params.setter
    def params(self, _: list[Any]) -> None:
        """Stay without any: the base class sets none."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return a context of the command itself, which then runs instead of this one."""
        return self.loaded().make_context(*args, **kwargs)

    def loaded(self) -> Any:
        """Import the command and return it."""
        module, function = self._place.split(":")
        app = typer.Typer(add_completion=False)
        app.command(self.name)(getattr(import_module(f"include.cli.{module}"), function))
        return get_command(app)


def lazy_group(
    commands: Mapping[str, Place], groups: Mapping[str, tuple[str, Mapping[str, Place]]]
) -> type[TyperGroup]:
    """Return the class of a group of these commands, for ``typer.Typer(cls=...)``.

    :param groups: by name, a line of help and the commands of groups within this one.
    """

    class LazyGroup(TyperGroup):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            for name, (place, line) in commands.items():
                self.add_command(LazyCommand(name, place, line), name)
            for name, (line, inner) in groups.items():
                cls = lazy_group(inner, {})
                self.add_command(cls(name=name, help=line, no_args_is_help=True), name)

    return LazyGroup
