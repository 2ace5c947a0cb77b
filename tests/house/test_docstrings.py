"""Every public module, class and function says what it is.

Four kinds need no docstring of their own. A property is a noun with a type. The events and commands of a word are
described in the reference, which is held against them. `boundary`, `evolve` and `decide` mean the same in every word.
A method that a port or a base class describes is described there.
"""

import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from earlystart_core.command import Command
from earlystart_core.event import Event

PACKAGES = (
    "earlystart_core",
    "earlystart_sql",
    "earlystart_feeds",
    "earlystart_city",
    "earlystart_cli",
    "earlystart_report",
)
SKELETON = {"boundary", "evolve", "decide"}


def names_of_modules() -> Iterator[str]:
    """Every module of every package, found by its file; `__main__` runs when it is imported."""
    for package in PACKAGES:
        folder = Path(str(importlib.import_module(package).__file__)).parent
        for file in sorted(folder.rglob("*.py")):
            if file.stem != "__main__":
                parts = file.relative_to(folder.parent).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def classes(module: ModuleType) -> Iterator[Any]:
    """The classes that a module makes."""
    return (one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__)


@cache
def described() -> frozenset[str]:
    """The names of all methods that some class describes: another class with one needs no second text."""
    modules = [importlib.import_module(name) for name in names_of_modules()]
    members = [item for module in modules for cls in classes(module) for item in vars(cls).items()]
    return frozenset(name for name, member in members if inspect.isfunction(member) and member.__doc__)


def lacking(module: ModuleType) -> Iterator[str]:
    """The public names of a module that say nothing."""
    if not module.__doc__:
        yield module.__name__
    for name, value in vars(module).items():
        own = inspect.isfunction(value) and value.__module__ == module.__name__
        if own and not name.startswith("_") and not value.__doc__ and name not in SKELETON:
            yield name
    for cls in classes(module):
        of_a_word = module.__name__.startswith("earlystart_core.words.") and issubclass(cls, msgspec.Struct)
        if not (cls.__name__.startswith("_") or issubclass(cls, Event | Command) or of_a_word):
            yield from lacking_in(cls)


def lacking_in(cls: Any) -> Iterator[str]:
    """The class or its public methods, where they say nothing."""
    if not cls.__dict__.get("__doc__"):
        yield cls.__name__
    for name, member in vars(cls).items():
        method = inspect.isfunction(getattr(member, "__func__", member))
        if method and not name.startswith("_") and name not in described() and not inspect.getdoc(getattr(cls, name)):
            yield f"{cls.__name__}.{name}"


@pytest.mark.parametrize("name", list(names_of_modules()))
def test_what_is_public_is_described(name: str) -> None:
    """A docstring says what a thing is or returns, its bounds, and what it raises."""
    assert not list(lacking(importlib.import_module(name)))
