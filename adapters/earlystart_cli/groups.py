"""Groups of options: what several commands take together is written once, and comes to each of them as one value.

A group is a dataclass of annotated options; a parameter of its type stands for all of them.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

import typer


def add(app: typer.Typer, name: str, command: Callable[..., Any], example: str) -> None:
    """Gives the command its name and an example, and each group among its parameters as the options in it."""
    app.command(name, epilog=f"Example: {example}")(ungrouped(command))


def ungrouped(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same command as Typer reads it: no parameter is a group."""
    hints = get_type_hints(command, include_extras=True)
    found = signature(command).parameters
    groups = {name: hints[name] for name in found if is_dataclass(hints[name])}
    flat: dict[str, Parameter] = {}
    for name, parameter in found.items():
        flat |= _options(groups[name]) if name in groups else {name: _option(name, hints[name], parameter.default)}

    @wraps(command)
    def called(**given: Any) -> Any:
        made = {name: group(**{one: given.pop(one) for one in _options(group)}) for name, group in groups.items()}
        return command(**made, **given)

    called.__signature__ = Signature([*flat.values()])  # type: ignore[attr-defined]
    called.__annotations__ = {name: parameter.annotation for name, parameter in flat.items()}
    return called


def _options(group: Any) -> dict[str, Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return {
        one.name: _option(one.name, hints[one.name], Parameter.empty if one.default is MISSING else one.default)
        for one in fields(group)
    }


def _option(name: str, annotation: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
