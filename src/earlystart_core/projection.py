"""A projection: one row per key, each column declared once as a reducer, a finishing expression or a count of rows.

The declaration runs row at a time (here), over whole columns (`replay.fold`) and in merged parts (here), with equal
results. It is checked when it is made, so at import.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from earlystart_core.event import Event, kind_of, shape_of
from earlystart_core.finish import CountOf, Finish
from earlystart_core.reducers import Reducer, Step
from earlystart_core.sources import IN_ORDER, Source, Where, field, may_be_null, type_of

Key = tuple[str, ...]
Parts = dict[Key, list[Any]]  # a partial result by key: one state a reducer, in the order of `reducers`
Row = dict[str, Any]


class Projection:
    """`key`: a type of id, or several fields of one event. `row`: the event that makes a row exist.

    Columns come as keywords; a name that starts with `_` serves only the others. Raises TypeError where a source's
    event has no field of the key's kind or two, and where a column stands on one that is not there.
    """

    def __init__(self, name: str, *, key: Any, row: type[Event], **columns: Reducer | Finish | CountOf) -> None:
        self.name = name
        self.exists = row
        self.reducers = {name: column for name, column in columns.items() if isinstance(column, Reducer)}
        self.finishes = {name: column for name, column in columns.items() if isinstance(column, Finish)}
        self.counts = {name: column for name, column in columns.items() if isinstance(column, CountOf)}
        self.events = self._events()
        self.key_fields = {event: self._key_fields(key, event) for event in self.events}
        self.keys = self._key_names(key)
        self.columns = (*self.keys, *(name for name in columns if not name.startswith("_")))
        self.held = self._held(columns)  # how each column is held (as `Source.held`), the unnamed ones too
        self._steps = self._compile()

    def _events(self) -> tuple[type[Event], ...]:
        named = [self.exists, *(source.event for reducer in self.reducers.values() for source in reducer.sources)]
        return tuple(dict.fromkeys(named))

    def _key_fields(self, key: Any, event: type[Event]) -> tuple[str, ...]:
        if isinstance(key, tuple):
            found = [field(part).name for part in key]
            if any(field(part).event is not event for part in key):
                raise TypeError(
                    f"{self.name}: every part of its key stands in one event, and {event.__name__} is another"
                )
            if any(field(part).what != "field" or field(part).held in (*IN_ORDER, "flag") for part in key):
                raise TypeError(f"{self.name}: expected ids or text as the parts of its key")
        else:
            kind = kind_of(key)
            found = [name for name, of, _ in shape_of(event).ids if of == kind]
            if kind is None or len(found) != 1:
                raise TypeError(f"{self.name}: expected one field of kind {kind} in {event.__name__}, got {len(found)}")
        for name in found:
            if may_be_null(event, name):
                raise TypeError(f"{self.name}: its key {event.__name__}.{name} may be null: expected one that may not")
        return tuple(found)

    def _key_names(self, key: Any) -> tuple[str, ...]:
        return self.key_fields[self.exists] if isinstance(key, tuple) else (str(kind_of(key)),)

    def _held(self, columns: Mapping[str, Reducer | Finish | CountOf]) -> dict[str, str]:
        held = {
            name: type_of(self.exists, of) for name, of in zip(self.keys, self.key_fields[self.exists], strict=True)
        }
        kinds = list(held.values())
        if doubled := [name for name in self.keys if name in columns]:
            raise TypeError(f"{self.name}: its key {doubled[0]!r} is declared as a column too")
        held |= {name: reducer.held for name, reducer in self.reducers.items()}
        for name, count in self.counts.items():
            if kinds != [count.kind]:
                raise TypeError(f"{self.name}.{name}: {count.projection}.{count.by} does not hold the key of its rows")
            held[name] = "number"
        for name, finish in self.finishes.items():
            try:
                held[name] = finish.held(held)
            except TypeError as error:
                raise TypeError(f"{self.name}.{name}: {error}") from None
        return held

    def _compile(self) -> dict[type[Event], list[tuple[int, Step]]]:
        steps: dict[type[Event], list[tuple[int, Step]]] = {event: [] for event in self.events}
        for index, reducer in enumerate(self.reducers.values(), 1):
            for source in reducer.sources:
                steps[source.event].append((index, reducer.step(source)))
        return steps

    def keys_of(self, event: Event) -> list[Key]:
        """The keys of the rows that the event bears on."""
        fields = self.key_fields.get(type(event))
        if fields is None:
            return []
        value = getattr(event, fields[0])
        if isinstance(value, tuple):
            return [(one,) for one in dict.fromkeys(value)]
        return [(value, *(getattr(event, name) for name in fields[1:]))]

    def fold(self, facts: Iterable[tuple[int, Event]], into: Parts | None = None) -> Parts:
        """The partial result of standing facts (position, event), in any order.

        into: what was folded before; the facts go into it, and it is given back.
        """
        parts: Parts = {} if into is None else into
        width = len(self.reducers) + 1
        for position, event in facts:
            steps = self._steps.get(type(event))
            if steps is None:
                continue
            for key in self.keys_of(event):
                state = parts.get(key)
                if state is None:
                    state = parts[key] = [None] * width
                if isinstance(event, self.exists):
                    state[0] = True
                for index, step in steps:
                    state[index] = step(state[index], position, event)
        return parts

    def merge(self, one: Parts, other: Parts) -> Parts:
        """Two partial results as one: what makes a distributed rebuild equal to a local one."""
        merged = dict(one)
        for key, state in other.items():
            mine = merged.get(key)
            if mine is None:
                merged[key] = state
                continue
            reduced = [
                reducer.merge(a, b) for reducer, a, b in zip(self.reducers.values(), mine[1:], state[1:], strict=True)
            ]
            merged[key] = [mine[0] or state[0], *reduced]
        return merged

    def finish(self, parts: Parts, others: Mapping[str, Sequence[Row]]) -> list[Row]:
        """The finished rows by key in code-point order. `others`: finished rows of the projections it counts."""
        counted = {name: _tally(others[count.projection], count) for name, count in self.counts.items()}
        rows = []
        for key in sorted(key for key, state in parts.items() if state[0]):
            states = parts[key][1:]
            row: Row = dict(zip(self.keys, key, strict=True))
            for (name, reducer), state in zip(self.reducers.items(), states, strict=True):
                row[name] = reducer.value(state)
            for name, tally in counted.items():
                row[name] = tally.get(key[0], 0)
            for name, finish in self.finishes.items():
                row[name] = finish.row(row)
            rows.append({name: row[name] for name in self.columns})
        return rows

    def reads(self) -> dict[type[Event], tuple[str, ...]]:
        """The fields that it reads of each event."""
        found: dict[type[Event], dict[str, None]] = {
            event: dict.fromkeys(self.key_fields[event]) for event in self.events
        }
        for reducer in self.reducers.values():
            where = [reducer.where.source] if reducer.where is not None else []
            for source in (*reducer.sources, *where):
                if source.what == "field":
                    found[source.event][source.name] = None
        return {event: tuple(names) for event, names in found.items()}

    @property
    def digest(self) -> str:
        """SHA-256 of the declaration, hex: tells a table that was built by another one."""
        keys = [(event.__name__, event.version, names) for event, names in self.key_fields.items()]
        text = repr((self.name, self.keys, self.columns, self.exists.__name__, keys, self._words()))
        return hashlib.sha256(text.encode()).hexdigest()

    def _words(self) -> list[Any]:
        def say(source: Source) -> Any:
            return (source.event.__name__, source.event.version, source.what, source.name, source.value)

        def where(given: Where | None) -> Any:
            return given and (say(given.source), sorted(given.values))

        reducers = [
            (name, r.rule, [say(source) for source in r.sources], where(r.where), r.initial, r.nulls)
            for name, r in self.reducers.items()
        ]
        return [reducers, list(self.finishes.items()), list(self.counts.items())]


def _tally(rows: Sequence[Row], count: CountOf) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        if row[count.without] is None:
            found[row[count.by]] = found.get(row[count.by], 0) + 1
    return found


def finish_all(projections: Sequence[Projection], parts: Mapping[str, Parts]) -> dict[str, list[Row]]:
    """The finished rows of every projection; one that counts another's rows stands after it in the sequence."""
    rows: dict[str, list[Row]] = {}
    for projection in projections:
        rows[projection.name] = projection.finish(parts[projection.name], rows)
    return rows
