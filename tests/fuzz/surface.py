"""The fuzzer over the public surface: every public callable, found by its signature, with any arguments.

Whatever comes out that is neither an answer nor an error of this library's own tree is a find.
"""

import inspect
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import earlystart_core
from earlystart_core import Answer, Diff, EarlyStartError, Practitioner, Record, Unreadable
from earlystart_core.command import Command
from earlystart_core.views import VIEW
from tests.fuzz.odd import Odd

PEM = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
"""
COMMANDS = [
    found
    for name in earlystart_core.__all__
    if inspect.isclass(found := getattr(earlystart_core, name)) and issubclass(found, Command)
]
NEVER = {"open"}  # tried on its own
RIGHT = 0.75  # of the arguments are of the kind that the parameter takes
FIELDS = 0.93  # and of the fields of commands


class Surface:
    """One record, and calls to everything public about it. is_sound: whether its store is as it should be."""

    def __init__(self, url: str, seed: int, *, is_sound: bool = True) -> None:
        self.is_sound = is_sound
        self.odd = Odd(Random(seed))
        self.random = self.odd.random
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.record = Record.open(url, clock=self._clock, chance=self.random.randbytes)
        self.came: list[Any] = []  # what calls gave, to be called in turn
        self.calls = self.answered = 0

    def _clock(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def step(self) -> str | None:
        """Makes one call; returns what is wrong about it, or None."""
        self.calls += 1
        name, call = self._chosen()
        arguments: dict[str, Any] = {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                arguments = self._arguments(call)
                self._take(call(**arguments))
                self.answered += 1
        except EarlyStartError as error:
            try:
                if self.is_sound and isinstance(error, Unreadable):  # of a sound store: an argument was not looked at
                    return f"{name}({ {key: _shown(value) for key, value in arguments.items()} }): {error}"
                return self._said(name, str(error))
            except BaseException as worse:
                return f"{name}: its error cannot be shown: {type(worse).__name__}"
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            shown = {key: _shown(value) for key, value in arguments.items()}
            where = "".join(traceback.format_exception(error)[-3:])
            return f"{name}({shown}): {type(error).__name__}\n{where}"
        return None

    def close(self) -> None:
        self.record.close()

    def _said(self, name: str, said: str) -> str | None:
        if "\n" in said or "Traceback" in said or not said.strip() or len(said) > 2_000:
            return f"{name}: no sentence: {said[:300]!r}"
        return None

    def _chosen(self) -> tuple[str, Callable[..., Any]]:
        if self.random.random() < 0.45:
            command = self.random.choice(COMMANDS)
            return f"submit {command.__name__}", self._submitted(command)
        found = self.random.choice([self.record, self.record, self.record.glass, self.record.proof, *self.came[-12:]])
        calls = list(_methods(found))
        if not calls:
            return "Practitioner", Practitioner
        name = self.random.choice(calls)
        return f"{type(found).__name__}.{name}", getattr(found, name)

    def _submitted(self, command: type[Command]) -> Callable[..., Any]:
        required, found = _fields(command)
        chosen = {name: info for name, info in found.items() if name in required or self.random.random() < 0.5}
        fields = {name: self._field(name, info) for name, info in chosen.items()}

        def submit(by: Practitioner, command_id: str | None = None) -> object:
            order = command(**fields) if self.random.random() < 0.9 else command.from_json(self._json())
            return self.record.submit(order, by, command_id)

        return submit

    def _json(self) -> Any:
        return self.random.choice(('{"case": 1}', "{", "", b"\xff", "[]", '{"occurred_at": "x"}', self.odd.value()))

    def _field(self, name: str, info: dict[str, Any]) -> Any:
        if self.random.random() > FIELDS:
            return self.odd.value()
        return self._right(name, info)

    def _right(self, name: str, info: dict[str, Any]) -> Any:
        if name == "occurred_at":
            return self.now - timedelta(minutes=self.random.randrange(10_000))
        options = [info, *info.get("anyOf", ())]
        for each in options:
            if "enum" in each:
                return self.random.choice(each["enum"])
            if "const" in each:
                return each["const"]
            if each.get("type") == "array":
                return [self._right(name, each.get("items", {})) for _ in range(self.random.randrange(1, 3))]
            if each.get("type") == "boolean":
                return self.random.random() < 0.5
            if each.get("type") == "integer":
                return self.random.randrange(1, 60)
            if each.get("format") == "date":
                return self.odd.day()
            pattern = str(each.get("pattern", ""))
            for kind in (*self.odd.ids, "team", "org", "hold", "centre"):
                if f"{kind}:" in pattern:
                    return self.odd.id(kind)
        return self.random.choice(("plain words", "consent-2026-01", "nursery_place", "case.tier"))

    def _arguments(self, call: Callable[..., Any]) -> dict[str, Any]:
        given = {}
        for name, parameter in inspect.signature(call).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.default is not parameter.empty and self.random.random() < 0.5:
                continue
            given[name] = self._argument(name) if self.random.random() < RIGHT else self.odd.value()
        return given

    def _argument(self, name: str) -> Any:
        odd, choice = self.odd, self.random.choice
        match name:
            case "case":
                return odd.id("case")
            case "team":
                return choice((None, odd.id("team")))
            case "by":
                return choice((odd.someone(), odd.reader()))
            case "reader":
                return odd.reader()
            case "kind":
                return choice(("case", "family", "person", "meeting"))
            case "known" | "known_a" | "known_b" | "effective" | "since" | "on" | "at":
                return choice((None, 1, self.random.randrange(200), odd.instant(), odd.day(), "2026-01-02"))
            case "name":
                return choice(sorted(VIEW))
            case "subject":
                return odd.id(choice(("case", "person")))
            case "authority" | "second_authority":
                return choice(("Caldicott Guardian CG-1", "Head of IG HIG-2"))
            case "question":
                return self.random.randrange(22)
            case "hours":
                return self.random.randrange(10)
            case "glass":
                return odd.id("glass")
            case "reason":
                return "danger_of_harm"
            case "outcome":
                return choice(("justified", "unclear"))
            case "source":
                return choice(("rows", "segments", None))
            case "size" | "position":
                return self.random.randrange(100)
            case "key":
                return PEM
            case "action":
                return choice(("read", "list", "audit", "export"))
            case "processes":
                return 1
        return odd.value()

    def _take(self, got: Any) -> None:
        if isinstance(got, Answer):
            got.json()
            list(got.ndjson())
            repr(got)
        elif isinstance(got, Diff):
            got.json()
        elif type(got).__module__.startswith("earlystart_core"):
            self.came.append(got)
            del self.came[:-30]
            for kind in self.odd.ids:
                text = getattr(got, "id", None)
                if isinstance(text, str) and text.startswith(f"{kind}:"):
                    self.odd.ids[kind].append(text)


def _methods(found: object) -> Iterator[str]:
    """The public methods of something of ours, but for those that end it."""
    for name in dir(type(found)):
        if name.startswith("_") or name in {"close", *NEVER}:
            continue
        member = inspect.getattr_static(type(found), name)
        if inspect.isfunction(member):
            yield name


def _fields(command: type[Command]) -> tuple[set[str], dict[str, dict[str, Any]]]:
    """The names of the fields that a command needs, and the schema of every field."""
    schema = command.model_json_schema()
    found = {name: _resolved(info, schema) for name, info in schema["properties"].items()}
    return set(schema.get("required", ())), found


def _resolved(info: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in info:
        return schema["$defs"][info["$ref"].rsplit("/", 1)[1]]
    return info


def _shown(value: Any) -> str:
    try:
        return repr(value)[:200]
    except BaseException:
        return type(value).__name__


def kind_of_call(found: str) -> str:
    """What a find has in common with others: the kind of error and where it came from."""
    lines = [line for line in found.splitlines() if line.strip()]
    places = [line.partition(", in")[0] for line in lines if line.lstrip().startswith("File ")]
    return f"{lines[-1].partition(':')[0]} {places[-1:]}"


def opened(seed: int, folder: Path) -> str | None:
    """One try of `Record.open` with any arguments; what is wrong about it, or None."""
    odd = Odd(Random(seed))
    url = odd.random.choice((str(folder / "x.db"), "memory://", "sqlite://", ":memory:", odd.value(), odd.value()))
    if isinstance(url, str) and len(url) < 60 and "/" not in url and url.isprintable():
        url = str(folder / url) if url else url
    given = {
        name: odd.value()
        for name in ("keys", "chance", "create", "read_only", "kek", "keys_read_only", "lost_keys")
        if odd.random.random() < 0.3
    }
    try:
        with Record.open(url, **given) as record:
            record.view("case_status")
            record.new_id("case")
    except EarlyStartError:
        return None
    except BaseException as error:
        shown = {key: _shown(value) for key, value in given.items()}
        trace = "".join(traceback.format_exception(error)[-3:])
        return f"Record.open({_shown(url)}, {shown}): {type(error).__name__}\n{trace}"
    return None


def sound(url: str) -> str | None:
    """Whether the store that was fuzzed is as it should be; what is wrong about it, or None."""
    with Record.open(url) as record:
        if doubts := record.proof.verify().doubts:
            return f"the log is not sound: {[each.found for each in doubts][:3]}"
        if doubts := record.access_proof.verify().doubts:
            return f"the access log is not sound: {[each.found for each in doubts][:3]}"
        found = record.store.views.check()[1]
        return f"views differ: {found[:3]}" if found else None


def main() -> int:
    """`python -m tests.fuzz.surface FOLDER SECONDS SEED`: finds on standard output, status 1 where there are any."""
    folder, seconds, seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    os.environ["EARLYSTART_KEK"] = "5a" * 32
    end, calls, answered = time.monotonic() + seconds, 0, 0
    finds: dict[str, str] = {}

    def tell(found: str | None) -> None:
        kind = "" if found is None else kind_of_call(found)
        if found is not None and kind not in finds:
            finds[kind] = found
            print(f"seed {seed}: {found}", flush=True)

    while time.monotonic() < end:
        place = folder / str(seed)
        place.mkdir(parents=True)
        os.chdir(place)
        url = str(place / "store.db") if seed % 3 else "memory://"
        surface = Surface(url, seed)
        for _ in range(400):
            tell(surface.step())
        calls, answered = calls + surface.calls, answered + surface.answered
        surface.close()
        tell(sound(url) if seed % 3 else None)
        for number in range(40):
            tell(opened(seed * 1_000 + number, place))
        seed += 1
    print(f"{calls} calls, {answered} answered, {len(finds)} finds")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
