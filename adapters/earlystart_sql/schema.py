"""The log's tables. Rows are only ever added: triggers stop every other statement, whoever sends it (`guards`).

`entry.frame` and `fact.data` are the canonical bytes, cut in two (earlystart_core/entry.py); `tag` and `shape` are
dictionaries, so that a tag costs eight bytes an entry and columns can be read by dense integers (`tag.n` counts 1, 2,
3, … within its kind, the text before the first colon).
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

from earlystart_sql.guards import mend
from earlystart_sql.layout import Layout

metadata = MetaData()

shape = Table(
    "shape",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("type", "version"),
)

_POSITION = BigInteger().with_variant(Integer(), "sqlite")  # INTEGER PRIMARY KEY is SQLite's rowid

entry = Table(
    "entry",
    metadata,
    Column("position", _POSITION, primary_key=True, autoincrement=False),  # 1, 2, 3, … no gaps
    Column("shape", Integer, nullable=False),
    Column(
        "recorded_at", BigInteger, nullable=False
    ),  # microseconds since 1970, UTC; never smaller than the one before
    Column("frame", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),  # 32 bytes
)

fact = Table(  # what a rebuild reads, shape by shape, without the frames between: nine times faster than in one row
    "fact",
    metadata,
    Column("shape", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("occurred_at", BigInteger),  # microseconds since 1970, UTC
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

tag = Table(
    "tag",
    metadata,
    Column("tag_id", _POSITION, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # case, person, team, …; empty where the tag has no colon
    Column("n", BigInteger, nullable=False),  # 1, 2, 3, … within the kind
    Column("id", Text, nullable=False, unique=True),
    UniqueConstraint("kind", "n"),
)

entry_tag = Table(
    "entry_tag",
    metadata,
    Column("tag_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("shape", Integer, nullable=False),  # the entry's: what is asked for by type and tag is found in one place
    sqlite_with_rowid=False,
)

receipt = Table(
    "receipt",
    metadata,
    Column("command_id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("first", BigInteger, nullable=False),  # the first position of the command's entries
    Column("count", Integer, nullable=False),  # and how many there are, perhaps none
    sqlite_with_rowid=False,
)

tree_node = Table(  # the whole subtrees of 256 leaves or more of the hash tree over the leaves
    "tree_node",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),  # 8, 9, 10, …
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 0, 1, 2, … within the level
    Column("hash", LargeBinary, nullable=False),  # 32 bytes
    sqlite_with_rowid=False,
)

tree_head = Table(
    "tree_head",
    metadata,
    Column("number", _POSITION, primary_key=True, autoincrement=False),  # 1, 2, 3, … in order of signing
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),  # 32 bytes
    Column("signed_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("note", LargeBinary, nullable=False),  # the checkpoint as it was handed out
)

look = Table(  # the access log: who looked; rows of the form of the log's
    "look",
    metadata,
    Column("position", _POSITION, primary_key=True, autoincrement=False),  # 1, 2, 3, … no gaps
    Column("frame", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),  # 32 bytes
)

look_tag = Table(  # whom and what each of its entries is about
    "look_tag",
    metadata,
    Column("id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

look_node = Table(
    "look_node",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

look_head = Table(
    "look_head",
    metadata,
    Column("number", _POSITION, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
    Column("note", LargeBinary, nullable=False),
)

TABLES = ("shape", "entry", "fact", "tag", "entry_tag", "receipt")
LOOKS = ("look", "look_tag", "look_node", "look_head")
LATER = ("tree_node", "tree_head", *LOOKS)  # a store from before them gets them when they are first written to

LOG = Layout(
    what="log",
    application_id=0x4561726C,  # "Earl"
    version=1,
    metadata=metadata,
    mend=mend,
)
