# ruff: noqa: D400  # a question ends in its own mark
"""Does sealing a field of personal text take less than 30 microseconds?

The city's phrases and a long text in the places of its entries, sealed for one subject whose key is at hand:
bound to the place, encrypted, encoded. Besides: opening it again, and fetching a subject's key from its store on disk.
"""

import os
from itertools import cycle, islice
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.measure import Figure, Spread, figure, in_turns
from benchmarks.run import Run
from earlystart_city.texts import HARM, RATIONALE
from earlystart_core.event import place_of, shape_of
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.privacy.sealed import ALGORITHM, Sealed, open_sealed, seal
from earlystart_core.words import EVENTS
from earlystart_sql.store import open_store

MOST = 2_000  # fields a turn
MICROSECONDS = 30
LONG = "A visit on a rainy day. " * 34  # 816 bytes


def measure(run: Run) -> None:
    run.say("sealing")
    places = []
    with run.city.record() as record:
        for recorded in record.store.log.read().entries():
            event = EVENTS.event(recorded)
            names = shape_of(type(event)).sealed
            places += [place_of(recorded.event, name) for name in names if isinstance(getattr(event, name), Sealed)]
            if len(places) >= MOST:
                break
    texts = list(islice(cycle((*RATIONALE, *HARM)), len(places)))
    held = MemoryKeys(os.urandom, lambda: "k_" + "0" * 26)
    key = held.for_subjects(["case:one"])["case:one"]
    values = [seal(text, [key], place, os.urandom) for text, place in zip(texts, places, strict=True)]
    with open_store(str(Path(mkdtemp(dir=run.city.folder)) / "keys.db")) as store:
        subjects = [f"case:{number:026d}" for number in range(200)]
        store.keys.for_subjects(subjects)
        sides = in_turns(
            {
                "seal": lambda: [
                    seal(text, [key], place, os.urandom) for text, place in zip(texts, places, strict=True)
                ],
                "long": lambda: [seal(LONG, [key], place, os.urandom) for place in places],
                "open": lambda: [open_sealed(one, place, held) for one, place in zip(values, places, strict=True)],
                "key": lambda: [store.keys.for_subjects([subject]) for subject in subjects],
            },
            run.rounds,
        )
    each = {name: took.wall.per(len(subjects) if name == "key" else len(texts)) for name, took in sides.items()}
    micros = {name: Spread(tuple(1e6 / rate for rate in spread.values)) for name, spread in each.items()}
    mean = sum(map(len, texts)) / len(texts)
    run.results.figures.append(
        Figure(
            "sealing",
            f"sealing a field of {mean:.0f} characters ({ALGORITHM})",
            f"{micros['seal']} µs",
            rate=each["seal"],
            least=1e6 / MICROSECONDS,
        )
    )
    run.results.notes.append(
        f"A field of {len(LONG)} bytes is sealed in {micros['long']} µs, a short one opened in {micros['open']} µs. A"
        f" subject's key comes from the key store on disk in {figure(micros['key'].middle)} µs; a bulk load asks once"
        " for many."
    )
