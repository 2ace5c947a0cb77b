"""Which declarations the tables of the views serve, and up to which position."""

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Table, Text

from earlystart_core.views import VIEWS
from earlystart_sql.schema import metadata

view_state = Table(
    "view_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # of the declaration
    Column("position", BigInteger, nullable=False),
)

_DIGESTS = {view.name: view.digest for view in VIEWS}
_READ = "SELECT name, digest, position, (SELECT coalesce(max(position), 0) FROM entry) FROM view_state"
_HEAD = "SELECT coalesce(max(position), 0) FROM entry"


class Served(msgspec.Struct, frozen=True):
    """What one transaction sees of the views."""

    head: int
    position: int  # up to which all of them are served
    laid: bool  # whether the tables are there, as declared
    built: bool  # laid, or the log is empty

    @property
    def fresh(self) -> bool:
        """Whether the tables answer for the head."""
        return self.laid and self.position == self.head


def served(connection: Connection) -> Served:
    """The state of the views. A table that another declaration built is as good as none."""
    rows = connection.exec_driver_sql(_READ).all()
    head = rows[0][3] if rows else connection.exec_driver_sql(_HEAD).scalar_one()
    laid = {row[0]: row[1] for row in rows} == _DIGESTS
    return Served(head, min((row[2] for row in rows), default=0) if laid else 0, laid, laid or head == 0)
