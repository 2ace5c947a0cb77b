"""The one template environment: everything is escaped, nothing undefined is passed over, nothing is fetched.

A page carries its style, whose hash its content security policy names: no script, no image, no other style runs in it.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from earlystart_core.codes import CODES
from earlystart_core.counting import entries
from earlystart_core.types import LONDON, SLUG, ULID

NONE = "\u2013"  # a dash, where a row has nothing


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("earlystart_report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(entries=entries, said=said, told=told, words=words, day=day, moment=moment, short=short)
    return made


def render(template: str, values: Mapping[str, Any]) -> str:
    """The page."""
    made = _environment()
    style = made.get_template("style.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return made.get_template(template).render(**values, policy=policy)


def words(name: str) -> str:
    """A stored name as people say it: `CaseOpened` is `Case opened`, `not_given` is `not given`."""
    spaced = re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower().replace("_", " ")
    return spaced[:1].upper() + spaced[1:] if name[:1].isupper() else spaced


def day(value: date | datetime | None) -> str:
    """A day in Leeds."""
    if value is None:
        return NONE
    local = value.astimezone(LONDON) if isinstance(value, datetime) else value
    return f"{local.day} {local:%b %Y}"


def moment(value: datetime | None) -> str:
    """A day and time in Leeds."""
    return NONE if value is None else f"{day(value)}, {value.astimezone(LONDON):%H:%M}"


def said(value: Any, name: str = "") -> str:
    """A value of a row, of the field of that name: codes in words, ids by their ends."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value)) or NONE
    if value in CODES.get(name, {}):
        return CODES[name][value]
    text = str(value)
    if re.fullmatch(r"[a-z_]+", text):
        return text.replace("_", " ")
    return short(text) if re.fullmatch(rf"[a-z]+:(?:{ULID}|{SLUG})", text) else text


def told(value: Any, name: str) -> str:
    """A value as `said`, beside its field's name, which it does not say again: `family …ABC123`, `person 1`."""
    if isinstance(value, list | tuple):
        return ", ".join(_beside(one, said(one), name) for one in value) or NONE
    return _beside(value, said(value, name), name)


def _beside(value: Any, text: str, name: str) -> str:
    kind = name.removesuffix("s")
    named = isinstance(value, str) and re.fullmatch(rf"[a-z]+:{ULID}|(?:case|family|person|hold) [0-9]+", value)
    return text.removeprefix(f"{kind} ") if named else text


def ids_in(rows: Any) -> set[str]:
    """Every id of 26 characters that stands anywhere in rows."""
    if isinstance(rows, str):
        return {rows} if re.fullmatch(rf"[a-z]+:{ULID}", rows) else set()
    if isinstance(rows, Mapping):
        rows = rows.values()
    return {one for row in rows for one in ids_in(row)} if isinstance(rows, Iterable) else set()


def short(id_: str | None) -> str:
    """The end of an id, enough to tell it from others in a table; the whole one is in the title beside it."""
    if id_ is None:
        return NONE
    kind, colon, rest = id_.partition(":")
    return f"{kind} …{rest[-6:]}" if colon and len(rest) == 26 else id_.removeprefix("org:").removeprefix("team:")
