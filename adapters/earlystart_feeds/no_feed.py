"""What is no feed: for each kind of it the refusal, in one sentence that says what was expected, what came, what to do.

No sentence holds text from a file: what stands where a header should be may be about a child.
"""

from collections.abc import Sequence

from earlystart_core.errors import Refused


def no_files(found: str, then: str) -> Refused:
    """A folder without one file of a feed, or something else in a folder's place."""
    wanted = "a folder with the CSV files of a feed (teams.csv, cases.csv, …)"
    return Refused("feed.no_files", f"expected {wanted}, found {found}: {then}")


def other_name(file: str, found: str) -> Refused:
    """A file whose name is that of a feed's file but for capitals. found: nothing but that spelling."""
    return Refused("feed.file_name", f"{file}: expected a file of exactly this name, found {found}: rename it")


def no_csv(file: str, found: str, then: str) -> Refused:
    """Something else in a CSV file's place."""
    return Refused("feed.no_csv", f"{file}: expected a CSV file, found {found}: {then}")


def no_columns(file: str, columns: Sequence[str], found: str, then: str) -> Refused:
    """A file without one column that is known."""
    wanted = f"a header row with the columns {', '.join(columns)}"
    return Refused("feed.no_columns", f"{file}: expected {wanted}, found {found}: {then}")


def wrong_column(file: str, column: str, found: str, then: str) -> Refused:
    """A header that has one known column under a wrong name."""
    return Refused("feed.wrong_column", f"{file}: expected the column {column} once, found it {found}: {then}")


def no_encoding(file: str, line: int, column: str) -> Refused:
    """Bytes that are not UTF-8 in a column that is read."""
    return Refused(
        "feed.no_utf8",
        f"{file}: line {line}, {column}: expected text in UTF-8, found other bytes, such as Windows-1252 has for"
        " accented letters: save the file as CSV UTF-8",
    )


def no_quoting(file: str, line: int, found: str) -> Refused:
    """A row that is not quoted as RFC 4180 says."""
    wanted = "expected a row with quotes only around whole fields, and doubled within them (RFC 4180)"
    return Refused("feed.no_quoting", f"{file}: line {line}: {wanted}, found {found}: mend that row and import again")


def too_large(file: str, wanted: str, found: str, then: str) -> Refused:
    """More than an import takes in one go."""
    return Refused("feed.too_large", f"{file}: expected {wanted}, found {found}: {then}")
