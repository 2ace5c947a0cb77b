"""Which declarations the tables of the views serve, and up to which position."""

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Table, Text

from earlystart_core.clocks import Clocks
from earlystart_core.entry import from_micros
from earlystart_core.views import VIEWS
from earlystart_sql.raw import run
from earlystart_sql.schema import metadata

view_state = Table(
    "view_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # of the declaration
    Column("position", BigInteger, nullable=False),
)

_DIGESTS = {view.name: view.digest for view in VIEWS}
_READ = (
    "SELECT e.position, e.recorded_at, v.name, v.digest, v.position"
    " FROM (SELECT 1) AS one"
    " LEFT JOIN (SELECT position, recorded_at FROM entry ORDER BY position DESC LIMIT 1) AS e ON 1 = 1"
    " LEFT JOIN view_state AS v ON 1 = 1"
)


class Served(msgspec.Struct, frozen=True):
    """What one transaction sees of the views."""

    head: int
    head_at: datetime | None  # recorded_at of the head
    position: int  # up to which all of them are served
    laid: bool  # whether the tables are there, as declared
    built: bool  # laid, or the log is empty

    @property
    def clocks(self) -> Clocks:
        """The head, for an answer."""
        return Clocks(self.head, self.head_at)

    @property
    def fresh(self) -> bool:
        """Whether the tables answer for the head."""
        return self.laid and self.position == self.head


def served(connection: Connection) -> Served:
    """The state of the views. A table that another declaration built is as good as none."""
    rows = run(connection, _READ).fetchall()
    head, micros = (rows[0][0], rows[0][1]) if rows[0][0] is not None else (0, None)
    laid = {row[2]: row[3] for row in rows} == _DIGESTS
    position = min(row[4] for row in rows) if laid else 0
    return Served(head, None if micros is None else from_micros(micros), position, laid, laid or head == 0)
