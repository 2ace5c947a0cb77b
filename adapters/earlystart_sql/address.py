"""Where a store is: a file path or an SQLAlchemy URL, read once and checked, its password never shown."""

import os
import re
from pathlib import Path

import msgspec
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from earlystart_core.errors import Invalid
from earlystart_core.visible import visible
from earlystart_sql.place import real_path

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
    path: Path | None = None  # SQLite only: absolute, no link in it; None for a database in memory
    link: Path | None = None  # SQLite only: absolute, as it was named, where that is another name of the same file
    url: URL | None = None  # PostgreSQL only, for psycopg 3

    @property
    def in_memory(self) -> bool:
        """Whether it is an SQLite database that ends with its process."""
        return self.dialect == "sqlite" and self.path is None


def beside(address: Address, suffix: str) -> Path:
    """The file that stands beside an SQLite file, its name that of the file and the suffix.

    Older versions put it beside a link that the file was opened by: it is there, unless one is in its right place.
    """
    right = Path(f"{address.path}{suffix}")
    linked = right if address.link is None else Path(f"{address.link}{suffix}")
    return linked if linked.exists() and not right.exists() else right


def settled(text: str) -> str:
    """The same place, whatever the working folder becomes; a wrong one as it is, to be refused when it is used."""
    try:
        path = address_of(text).path
    except Invalid:
        return text
    return text if path is None else str(path)


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
        os.fsencode(name)
    except UnicodeEncodeError:
        raise Invalid(field, f"{EXPECTED}, got a path with a character that no file system takes") from None
    home = os.path.expanduser(name)  # noqa: PTH111 - as a shell: `~/x.db` goes home, `./~/x.db` stays; Path strips the dot
    if name.startswith("~/") and home == name:
        raise Invalid(field, f"{EXPECTED}, got a path in a home folder that is not known")
    try:
        named = Path(home).absolute()
    except OSError:
        raise Invalid(field, f"{EXPECTED}, got a path from a working folder that is gone") from None
    path = real_path(named)
    return Address("sqlite", visible(str(path)), path=path, link=named if named != path else None)


def _postgresql(url: URL, field: str) -> Address:
    if "@" in f"{url.host}{url.database}":  # what stands before it may be the rest of a password
        raise Invalid(field, f"{EXPECTED}, got an @ in the host or the database: within a password it is written %40")
    user = f"{url.username}@" if url.username else ""
    host = f"[{url.host}]" if ":" in (url.host or "") else url.host or ""
    port = f":{url.port}" if url.port else ""
    options = "&".join(f"{name}={value}" for name in _TELLING for value in _values(url, name))
    name = f"postgresql://{user}{host}{port}/{url.database or ''}{'?' if options else ''}{options}"
    url = url.set(drivername="postgresql+psycopg")
    try:
        url.get_dialect()().create_connect_args(url)
    except ArgumentError:
        raise Invalid(
            field, f"{EXPECTED}; several hosts as ?host=A,B&port=1,2, got hosts and ports that do not go together"
        ) from None
    return Address("postgresql", name, url=url)


def _values(url: URL, name: str) -> list[str]:
    """What the URL gives for an option; a whole URL or connection string is none, for it may hold a password."""
    return [value for value in url.normalized_query.get(name, ()) if "=" not in value and "://" not in value]
