"""The four views by hand in DuckDB over Parquet, by someone who wants it to win.

The SQL ends in numbers, sorted; Arrow takes the texts from the dictionaries, which is faster than a join a column.
"""

from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.duck_sql import PACKAGES, SQL
from benchmarks.parquet import IDS, KEYS, Parquet
from earlystart_core.marks import struck_by

KIND = {
    **dict.fromkeys(("case", "family", "meeting", "package", "person", "practitioner", "request", "team")),
    **dict.fromkeys(("decision", "duration", "outcome", "pathway", "purpose", "source", "tier", "wording"), "code"),
    "point_of_contact": "practitioner",
    "recipient": "org",
}
ABSENT = {
    "tier": "universal",
    "outcome": "waiting",
}  # what a view says where no fact does; no package has a null outcome


def connect(facts: Parquet) -> duckdb.DuckDBPyConnection:
    """A database in memory that has read nothing yet, all cores, the files as its views."""
    connection = duckdb.connect(config={"enable_external_file_cache": False})
    for name in (*KEYS, *IDS, "code"):
        connection.execute(f"CREATE VIEW f_{name} AS SELECT * FROM read_parquet('{facts.file(name)}')")
    return connection


def fold(facts: Parquet, connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    """The four finished frames, from the files."""
    marks = connection.sql("SELECT position, target FROM f_MarkedInError").fetchall()
    struck = pa.table({"position": pa.array(sorted(struck_by(marks)), pa.uint32())})
    connection.register("struck_now", struck)
    connection.execute("CREATE OR REPLACE TEMP TABLE struck AS FROM struck_now")
    connection.execute(PACKAGES)
    texts = {kind: _texts(facts, kind) for kind in (*IDS, "code")}
    return {name: _finished(name, connection.sql(sql).to_arrow_table(), texts) for name, sql in SQL.items()}


def _texts(facts: Parquet, kind: str) -> pa.Array:
    return pq.read_table(facts.file(kind), columns=["text"])["text"].combine_chunks()


def _finished(view: str, table: pa.Table, texts: dict[str, pa.Array]) -> pa.Table:
    for place, name in enumerate(table.column_names):
        if name in KIND:
            column = texts[KIND[name] or name].take(table[name].combine_chunks())
            if (view, name) in (("case_status", "tier"), ("request_queue", "outcome")):
                column = column.fill_null(ABSENT[name])
            table = table.set_column(place, name, column)
    return table


def as_frames(tables: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """The same for comparing, of the types that ours have."""
    return {
        name: pl.DataFrame(pl.from_arrow(table)).with_columns(pl.col(pl.Datetime).dt.convert_time_zone("UTC"))
        for name, table in tables.items()
    }
