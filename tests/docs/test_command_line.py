"""docs/reference/command-line.md has every command and option, and no other."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from tests.docs.shapes import ROOT

PAGE = (ROOT / "docs" / "reference" / "command-line.md").read_text("utf-8")


def commands(command: Any, path: tuple[str, ...] = ("earlystart",)) -> Iterator[tuple[str, set[str]]]:
    """Each command as it is typed, and what it takes: options as typed, arguments as they are called."""
    found = {
        option
        for parameter in command.params
        if not getattr(parameter, "hidden", False)
        for option in (parameter.opts if parameter.param_type_name == "option" else [parameter.metavar])
    }
    below = getattr(command, "commands", {})
    if not below or found:
        yield " ".join(path), found
    for name, one in below.items():
        yield from commands(one, (*path, name))


def said() -> dict[str, set[str]]:
    """Each section's command and the options in its tables."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    options = {}
    for section in sections:
        cells = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
        options[section.split("\n", 1)[0]] = {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}
    return options


def test_every_command_and_option_is_described() -> None:
    """And nothing that is gone."""
    from earlystart_cli.app import app

    assert said() == dict(commands(typer.main.get_command(app)))


def test_every_command_says_what_it_does() -> None:
    """`--help` of each has a sentence, and so has each of its options."""
    from earlystart_cli.app import app

    def lacking(command: Any) -> Iterator[str]:
        if not command.help:
            yield command.name
        for parameter in command.params:
            if not getattr(parameter, "hidden", False) and not parameter.help:
                yield f"{command.name} {parameter.name}"
        for below in getattr(command, "commands", {}).values():
            yield from lacking(below)

    assert not list(lacking(typer.main.get_command(app)))
