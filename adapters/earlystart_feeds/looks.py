"""Looks: what a file is that is not the CSV file it should be, told by how it starts.

Each answer is what was found and what to do about it; none repeats what the file says.
"""

from collections.abc import Mapping, Sequence

LOOKED_AT = 4_096  # bytes at a file's start
Look = tuple[str, str]  # what was found, what to do

SAVE = "save each table as a file of its own, as CSV UTF-8"
UNPACK = "unpack it and import the folder"
_UTF_16 = ("text in UTF-16", "save it as CSV UTF-8")
_STARTS = {
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"\x1f\x8b": ("a gzip archive", UNPACK),
    b"7z\xbc\xaf": ("a 7-Zip archive", UNPACK),
    b"Rar!": ("a RAR archive", UNPACK),
    b"BZh91AY&SY": ("a bzip2 archive", UNPACK),
    b"\xfd7zXZ": ("an xz archive", UNPACK),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls)", SAVE),
    b"%PDF": ("a PDF document", SAVE),
    b"SQLite format 3": ("a database", SAVE),
    b"PAR1": ("a Parquet file", SAVE),
}
_TEXTS = {
    "<": ("a web page or XML", SAVE),
    "{": ("JSON", SAVE),
    "[": ("JSON", SAVE),
    "sep=": ("a line about separators before the header", "delete that line"),
}
_SEPARATORS = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))


def look_of(start: bytes) -> Look | None:
    """What a file is that begins so; None where it may be a CSV file, or any other text."""
    if not start:
        return "an empty file", "leave the file out where there is nothing to send"
    if not start.strip(b"\0"):
        return "nothing but NUL bytes", "send the file again"
    if start.startswith(b"PK\x03\x04"):
        return _zipped(start)
    for begin, look in _STARTS.items():
        if start.startswith(begin):
            return look
    if start.count(b"\0") > len(start) // 4:
        return _UTF_16
    if b"\r" in start.rstrip(b"\r") and b"\n" not in start:
        return "line ends of CR alone", "save it with line ends of LF or CRLF"
    return None


def _zipped(start: bytes) -> Look:
    if b"[Content_Types].xml" in start or b"xl/" in start:
        return "an Excel workbook (.xlsx)", SAVE
    if b"opendocument.spreadsheet" in start:
        return "an OpenDocument spreadsheet (.ods)", SAVE
    return "a zip archive", UNPACK


def look_of_header(start: bytes, columns: Sequence[str], sheets: Mapping[str, Sequence[str]]) -> Look | None:
    """What the first row of a text is that is no header with those columns; None where nothing tells.

    sheets: the columns of the other files of a feed.
    """
    line = start.decode("utf-8-sig", "replace").lstrip("\r\n").split("\n")[0].rstrip("\r")
    if not set(columns).isdisjoint(line.split(",")):
        return None
    for begin, look in _TEXTS.items():
        if line.lstrip().startswith(begin):
            return look
    names = _names(line, ",")
    for mark, called in _SEPARATORS:
        parts = _names(line, mark)
        if len(parts) > 1 and (len(names) == 1 or not parts.isdisjoint(columns)):
            return f"{called} between the columns", "save it with commas"
    if not {bare(name) for name in columns}.isdisjoint(map(bare, names)):
        return "their names in another spelling", "write them as they stand here"
    alike = {file: len(names.intersection(others)) for file, others in sheets.items()}
    most = max(alike, key=alike.__getitem__)
    if alike[most]:
        return f"those of {most}", "see which file is which"
    return None


def bare(name: str) -> str:
    """The letters and digits of a name, for comparing names in whatever spelling."""
    return "".join(char for char in name.casefold() if char.isalnum())


def _names(line: str, mark: str) -> set[str]:
    return {name.strip().strip('"') for name in line.split(mark)}
