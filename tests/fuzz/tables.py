"""The fuzzer over a store's tables in PostgreSQL: rows, columns, tables, settings and rights changed behind its back.

What must hold is that of tests/fuzz/damage.py, and of public functions too.
"""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import psycopg

from earlystart_core import EarlyStartError
from tests.faults.server import own_server
from tests.fuzz.damage import CHECKS, MEMORY, SECONDS, called, kind_of, lines, made, stable, writes
from tests.fuzz.surface import Surface, kind_of_call
from tests.fuzz.table_damage import ROLE, Damage

CALLS = 25  # of public functions, on each damaged store


class Tables:
    """A sound store in PostgreSQL, what it answers, and damaged copies of it."""

    def __init__(self, server: str, folder: Path) -> None:
        """server: the URL of its `postgres` database."""
        self.server = server
        self.folder = folder
        self.name = f"whole{os.getpid()}"
        self._admin(f"CREATE DATABASE {self.name}")
        with suppress(psycopg.errors.DuplicateObject):
            self._admin(f"CREATE ROLE {ROLE} LOGIN")
        url = self._url(self.name)
        self.case = made(folder, url)
        self.answers = {line: called(line, url)[0] for line in stable(self.case, folder)}
        self._admin(f"ALTER DATABASE {self.name} CONNECTION LIMIT 0")

    def close(self) -> None:
        """Drops it."""
        self._admin(f"DROP DATABASE {self.name} WITH (FORCE)")
        self._admin(f"DROP ROLE {ROLE}")

    def damaged(self, seed: int) -> list[str]:
        """Damages one copy, runs commands and public functions on it, and returns what was wrong."""
        random, name = Random(seed), f"damaged{os.getpid()}_{seed}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {self.name}")
        damage = Damage(random, self._url(name))
        finds, sound = list[str](), True
        meanwhile = [self._surface(self._url(name), seed)] if random.random() < 0.5 else []  # has it open, and writes
        for surface in meanwhile:
            finds += _calls(surface)
        damage.do()
        url = self._url(name, damage.role)

        def tell(what: str, wrong: str | None) -> None:
            if wrong:
                finds.append(f"seed {seed}, {'; '.join(damage.did)} as {damage.role}: {what}: {wrong}")

        for line in (*CHECKS, *random.sample(lines(self.case, self.folder), 6)):
            done, wrong = called(line, url)
            tell(" ".join(line), wrong)
            if line in CHECKS:
                sound = sound and done is not None and done.status == 0
            elif (
                not meanwhile and sound and done is not None and (was := self.answers.get(line)) and done.out != was.out
            ):
                tell(" ".join(line), "another answer, no doubt")
        for line in random.sample(writes(self.case, self.folder), 3):
            tell(" ".join(line), called(line, url)[1])
        with suppress(EarlyStartError):
            for surface in (*meanwhile, self._surface(url, seed)):
                for found in _calls(surface):
                    tell(f"public functions: {kind_of_call(found)}", found)
                surface.close()
        self._admin(f"DROP DATABASE {name} WITH (FORCE)")
        return finds

    def _surface(self, url: str, seed: int) -> Surface:
        surface = Surface(url, seed, is_sound=False)
        surface.odd.ids["case"].append(self.case)
        return surface

    def _url(self, name: str, role: str = "postgres") -> str:
        return self.server.replace("//postgres@", f"//{role}@").replace("/postgres?", f"/{name}?")

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]  # made here


def _calls(surface: Surface) -> Iterator[str]:
    """Calls public functions; what was wrong."""
    for _ in range(CALLS):
        started = time.monotonic()
        if found := surface.step():
            yield found
        if time.monotonic() - started > SECONDS:
            yield f"took over {SECONDS} s"


@contextmanager
def tables(folder: Path) -> Iterator[Tables]:
    """On a server of its own."""
    with own_server() as server:
        yield Tables(server.url, folder)


def main() -> int:
    """`python -m tests.fuzz.tables FOLDER SECONDS SEED`: finds on standard output, status 1 where there are any."""
    folder, seconds, seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    os.environ["EARLYSTART_KEK"] = "5a" * 32
    folder.mkdir(parents=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    begun, kinds = seed, set[str]()
    with tables(folder) as store:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for found in store.damaged(seed):
                if (kind := kind_of(found)) not in kinds:
                    kinds.add(kind)
                    print(found, flush=True)
            seed += 1
    print(f"{seed - begun} damaged stores, {len(kinds)} kinds of finds")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
