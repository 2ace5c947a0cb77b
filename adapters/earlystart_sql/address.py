"""Where a store is: a file path or an SQLAlchemy URL, read once and checked, its password never shown."""

import re
from pathlib import Path

import msgspec
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from earlystart_core.errors import Invalid

EXPECTED = "expected a file path, sqlite:///FILE or postgresql://HOST/DATABASE"
_TELLING = ("user", "host", "hostaddr", "port", "dbname", "service")  # options of libpq that say which database
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_KNOWN = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+psycopg": "postgresql",
}


class Address(msgspec.Struct, frozen=True):
    """A store's place. `name` says which one it is, and is safe to show: no password is in it."""

    dialect: str  # sqlite or postgresql
    name: str
    path: Path | None = None  # absolute; SQLite only; None for a database in memory
    url: URL | None = None  # PostgreSQL only, for psycopg 3

    @property
    def in_memory(self) -> bool:
        """Whether it is an SQLite database that ends with its process."""
        return self.dialect == "sqlite" and self.path is None


def address_of(text: str, *, field: str = "db") -> Address:
    """The store's address.

    Raises:
        Invalid: neither a file path nor a URL of a kind of store that there is; it names `field`.
    """
    if not isinstance(text, str) or not text.strip() or "\x00" in text:
        raise Invalid(field, f"{EXPECTED}, got no name")
    scheme = _SCHEME.match(text)
    if text == ":memory:" or scheme is None or (scheme[2] is None and scheme[1].lower() not in _KNOWN):
        return _file(text, field)
    if scheme[2] is None:
        raise Invalid(field, f"{EXPECTED}, got {scheme[1]}: without two slashes")
    dialect = _KNOWN.get(scheme[1].lower())
    if dialect is None:
        raise Invalid(field, f"{EXPECTED}, got the scheme {scheme[1]}")
    try:
        url = make_url(scheme[1].lower() + text[scheme.end(1) :])
    except (ArgumentError, ValueError):
        raise Invalid(field, f"{EXPECTED}, got a malformed {scheme[1]} URL") from None
    return _sqlite(url, field) if dialect == "sqlite" else _postgresql(url, field)


def _sqlite(url: URL, field: str) -> Address:
    if url.host or url.username or url.port:
        raise Invalid(field, f"{EXPECTED}, got an SQLite URL with a host: a file's URL has three slashes")
    if url.query:
        raise Invalid(field, f"{EXPECTED}, got an SQLite URL with options, which this library sets itself")
    return _file(url.database or ":memory:", field)


def _file(name: str, field: str) -> Address:
    if name == ":memory:":
        return Address("sqlite", "the store in memory")
    try:
        path = Path(name).expanduser().absolute()
    except (RuntimeError, OSError):
        raise Invalid(field, f"{EXPECTED}, got a path that does not resolve") from None
    return Address("sqlite", str(path), path=path)


def _postgresql(url: URL, field: str) -> Address:
    if "@" in f"{url.host}{url.database}":  # what stands before it may be the rest of a password
        raise Invalid(field, f"{EXPECTED}, got an @ in the host or the database: within a password it is written %40")
    user = f"{url.username}@" if url.username else ""
    host = f"[{url.host}]" if ":" in (url.host or "") else url.host or ""
    port = f":{url.port}" if url.port else ""
    options = "&".join(f"{name}={value}" for name in _TELLING for value in _values(url, name))
    name = f"postgresql://{user}{host}{port}/{url.database or ''}{'?' if options else ''}{options}"
    return Address("postgresql", name, url=url.set(drivername="postgresql+psycopg"))


def _values(url: URL, name: str) -> list[str]:
    """What the URL gives for an option; a whole URL or connection string is none, for it may hold a password."""
    return [value for value in url.normalized_query.get(name, ()) if "=" not in value and "://" not in value]
