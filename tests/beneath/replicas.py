"""PostgreSQL servers that take over from one another under one address: a real replica, and a recovery to a moment."""

import os
import shutil
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg

from tests.faults.server import Server

names = count(1)  # of stores
SOCKET = ".s.PGSQL.5432"
WITHIN_SECONDS = 60
TARGETS: tuple[tuple[str, str], ...] = (  # settings of a recovery, and what gives each its value
    ("recovery_target_name", "SELECT pg_create_restore_point('at' || n), 'at' || n FROM nextval('moment') AS n"),
    ("recovery_target_lsn", "SELECT 1, pg_current_wal_insert_lsn()"),
    ("recovery_target_time", "SELECT pg_sleep(0.01), clock_timestamp()"),
    ("recovery_target_xid", "SELECT 1, pg_current_xact_id()"),
)


class Address:
    """One address, whichever server has it: a folder with a link to that server's socket."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="at"))  # short: a socket's path has little room
        self.folder.chmod(0o755)

    def url(self, name: str) -> str:
        """Of a store."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def give_to(self, server: Server) -> None:
        link = self.folder / "next"
        link.symlink_to(server.folder / SOCKET)
        link.replace(self.folder / SOCKET)


class Replicated:
    """A primary, and a replica of it that can be cut off and then take over without what came since."""

    def __init__(self) -> None:
        self.primary = Server(_folder())
        self.address = Address()
        self.address.give_to(self.primary)
        self.replica: Server | None = None
        self._old: list[Server] = []

    def new_store(self) -> str:
        """The name of a fresh database."""
        name = f"store{next(names)}"
        self.primary.new_store(name)
        return name

    def hosts(self, name: str) -> str:
        """Both servers in one address: whichever takes writing is used."""
        assert self.replica is not None
        both = f"{self.primary.folder},{self.replica.folder}"
        return f"postgresql://postgres@/{name}?host={both}&port=5432,5432&target_session_attrs=read-write"

    def follow(self) -> Server:
        """A new replica, that has all that the primary has."""
        self.replica = Server(_copied(self.primary, "-R"))
        self.catch_up()
        return self.replica

    def catch_up(self) -> None:
        assert self.replica is not None
        upto = ask(self.primary, "SELECT pg_log_standby_snapshot()")  # the end of a record
        wait_for(lambda: ask(self.replica, f"SELECT pg_last_wal_replay_lsn() >= '{upto}'"))

    def cut_off(self) -> None:
        """What is recorded from now on does not reach the replica."""
        assert self.replica is not None
        ask(self.replica, "ALTER SYSTEM SET primary_conninfo = ''")
        ask(self.replica, "SELECT pg_reload_conf()")
        wait_for(lambda: ask(self.replica, "SELECT count(*) FROM pg_stat_wal_receiver") == 0)

    def wait_for_replicas(self, which: str = "*") -> None:
        """A commit is confirmed only when one of those replicas has it."""
        ask(self.primary, f"ALTER SYSTEM SET synchronous_standby_names = '{which}'")
        ask(self.primary, "SELECT pg_reload_conf()")
        wait_for(lambda: ask(self.primary, "SHOW synchronous_standby_names") == which)

    def fail_over(self, how: str = "immediate") -> None:
        """The primary ends, and the replica takes its place. how: immediate, as in a crash, or fast."""
        assert self.replica is not None
        self.primary.halt(how)
        self._old.append(self.primary)
        self.primary, self.replica = self.replica, None
        self.primary.run("pg_ctl", "-w", "-D", self.primary.folder, "promote")
        self.address.give_to(self.primary)

    def stop(self) -> None:
        for server in (self.primary, self.replica, *self._old):
            if server is not None:
                server.stop()
                shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(self.address.folder)


class Archived:
    """A server that archives its log, and is recovered from a base backup to a moment, as often as is wanted."""

    def __init__(self) -> None:
        self.archive = _folder()
        self.server = Server(_folder())
        ask(self.server, "ALTER SYSTEM SET archive_mode = 'on'")
        command = f"test ! -f {self.archive}/%f && cp %p {self.archive}/%f"
        ask(self.server, f"ALTER SYSTEM SET archive_command = '{command}'")
        self.server.crash("fast")
        ask(self.server, "CREATE SEQUENCE moment")
        self.address = Address()
        self.address.give_to(self.server)
        self.base = _copied(self.server, "-X", "none")

    def new_store(self) -> str:
        """The URL of a fresh database."""
        name = f"store{next(names)}"
        self.server.new_store(name)
        return self.address.url(name)

    def moment(self, target: tuple[str, str]) -> dict[str, object]:
        """Now, as settings of a recovery."""
        name, statement = target
        found = ask(self.server, statement, column=1)
        ask(self.server, "SELECT pg_current_xact_id()")  # a commit behind it, at which a recovery sees that it is over
        return {name: found, "recovery_target_timeline": self.timeline()}

    def timeline(self) -> int:
        return int(ask(self.server, "SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)"), 16)

    def recover(self, moment: dict[str, object], how: str = "fast") -> None:
        """The server ends, and another begins with what there was at that moment."""
        full = ask(self.server, "SELECT pg_walfile_name(pg_switch_wal())")
        wait_for((self.archive / str(full)).exists)
        self.server.halt(how)
        old, folder = self.server, _folder()
        self.server.run("cp", "-a", f"{self.base}/.", folder)
        with (folder / "postgresql.auto.conf").open("a") as file:
            for name, value in {**moment, "recovery_target_action": "promote"}.items():
                file.write(f"{name} = '{value}'\n")
            file.write(f"restore_command = 'cp {self.archive}/%f %p'\n")
        (folder / "recovery.signal").touch()
        self.server = Server(folder)
        wait_for(lambda: not ask(self.server, "SELECT pg_is_in_recovery()"))
        self.address.give_to(self.server)
        old.stop()
        shutil.rmtree(old.folder, ignore_errors=True)

    def stop(self) -> None:
        self.server.stop()
        for folder in (self.server.folder, self.archive, self.base, self.address.folder):
            shutil.rmtree(folder, ignore_errors=True)


def ask(server: Server | None, statement: str, column: int = 0) -> Any:
    """A value of the answer's first row; None where the statement gives no rows."""
    assert server is not None
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return None if row is None else row[column]


def wait_for(is_so: Callable[[], bool]) -> None:
    until = monotonic() + WITHIN_SECONDS
    while not is_so():
        assert monotonic() < until
        sleep(0.02)


def _folder() -> Path:
    """A folder that the server may write to, whoever runs it."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if os.geteuid() == 0:
        shutil.chown(folder, "pgserver")
    return folder


def _copied(server: Server, *options: str) -> Path:
    """A base backup of a running server."""
    folder = _folder()
    server.run("pg_basebackup", "-h", server.folder, "-U", "postgres", "-D", folder, "-c", "fast", *options)
    for left in (f"{SOCKET}.lock", ".handle_pids.json"):  # the server's own socket stands among its data
        (folder / left).unlink(missing_ok=True)
    return folder
