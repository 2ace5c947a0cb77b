"""Nothing that is stored can drive a terminal, and what is drawn there fits."""

import io
from datetime import UTC, datetime

import pytest

from earlystart_cli import officer, output, timeline
from earlystart_cli.output import Screen, plain

from .conftest import call

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egp.exe\r\nnext\ttab\x00\u2028end"


def row(position: int, **fields: object) -> dict[str, object]:
    moment = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    return {
        "position": position,
        "recorded_at": moment.replace(month=4),
        "occurred_at": moment,
        "type": "RequestDecided",
        "recorded_by": {"practitioner": EVIL, "role": EVIL, "employer": "org:lch"},
        "fields": fields,
        "struck": position == 2,
        "marked_by": [3] if position == 2 else [],
    }


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("char", EVIL)
def test_plain_keeps_only_what_prints(char: str) -> None:
    assert plain(char).isprintable()


def test_plain_keeps_joiners_and_accents() -> None:
    assert (
        plain("Zoë \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == "Zoë \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )
    assert plain("a\xa0b\nc") == "a b c"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_story_of_hostile_text_prints_only_rich_own_controls(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERM", "xterm")
    into = stream()
    timeline.show(Screen(into), [row(1, rationale=EVIL, case="[bold red]no markup[/]"), row(2, needs=("sleep",))], "x")
    shown = into.getvalue()
    assert "[bold red]no markup[/]" in shown
    assert "needs sleep" in shown
    for sequence in ("\x1b[1m", "\x1b[2m", "\x1b[9m", "\x1b[2;9m", "\x1b[0m"):
        shown = shown.replace(sequence, "")
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert "\x1b" not in shown
    assert "marked in error by entry 3" in " ".join(shown.split())
    assert "\n00:30  " in shown, "half an hour before the clocks go forward"
    assert "recorded 29 Apr 2026 01:30 (31 days later)" in " ".join(shown.split())


def test_notes_are_one_clean_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.note(EVIL)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said[:-1].isprintable()


def test_event_names_are_words() -> None:
    assert timeline.words("SharingConsentRecorded") == "Sharing consent recorded"


def test_the_questions_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(officer, "screen_width", lambda: 100)
    lines = call("audit", "questions").lines
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("asks     ") for line in lines) == 20
    monkeypatch.undo()
    assert len(call("audit", "questions").lines) == 21


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("leeds\u202e.example", "leeds\\u202e.example"),
        ("leeds\u200d.example", "leeds\\u200d.example"),
        ("a\u200bb", "a\\u200bb"),
        ("a\ufeffb", "a\\ufeffb"),
        ("a\u3164b", "a\\u3164b"),
        ("a\ufe0fb", "a\\ufe0fb"),
        ("\u0646\u0627\u0645\u200c", "\u0646\u0627\u0645\\u200c"),
        ("caf\udce9", "caf\\xe9"),
        ("\U0001f469\u200d\U0001f467 \u2764\ufe0f", "\U0001f469\u200d\U0001f467 \u2764\ufe0f"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
    ],
)
def test_what_cannot_be_seen_is_shown_where_two_names_might_be_compared(text: str, shown: str) -> None:
    assert plain(text) == shown
