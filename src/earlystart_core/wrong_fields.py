"""A command that cannot be built, told in the words of this library: what was expected, what came."""

from typing import Any

from pydantic import ValidationError

from earlystart_core.counting import counted
from earlystart_core.errors import Invalid
from earlystart_core.types import form_of


def invalid(error: ValidationError) -> Invalid:
    """The first fault of a command as one sentence: the field and what was expected, never the value that came."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])[:100] or "command"
    message = first["msg"].removeprefix("Value error, ")
    return Invalid(field, _expected(first, error.title) or message[:1].lower() + message[1:])


def _expected(fault: Any, command: str) -> str | None:
    """The faults that are met first, in the words of this library; None for others."""
    came = type(fault["input"]).__name__
    match fault["type"]:
        case "missing":
            return "expected a value, got none"
        case "extra_forbidden":
            return f"{command} has no such field"
        case "model_type":
            return "expected one object with its fields"
        case "json_invalid":
            return "expected one JSON object, got other text"
        case "date_type":
            return f"expected a date, got {came}"
        case "date_parsing" | "date_from_datetime_parsing" | "date_from_datetime_inexact":
            return "expected a date such as 2026-03-31, got other text"
        case "datetime_parsing" | "datetime_from_date_parsing":
            return "expected an instant such as 2026-03-31T12:00:00Z, got other text"
        case "datetime_type":
            return f"expected an instant, a datetime with its offset from UTC, got {came}"
        case "timezone_aware":
            return "expected an instant with its offset from UTC, got one without"
        case "string_type":
            return f"expected text, got {came}"
        case "string_unicode":
            return "expected text, got half a character"  # a surrogate without its other
        case "string_too_short":
            return f"expected at least {counted(fault['ctx']['min_length'], 'character')}, got none"
        case "string_too_long":
            return f"expected at most {fault['ctx']['max_length']:,} characters"
        case "int_type" | "int_parsing" | "int_from_float":
            return f"expected a whole number, got {came}"
        case "greater_than_equal":
            return f"expected {fault['ctx']['ge']:,} or more"
        case "less_than_equal":
            return f"expected at most {fault['ctx']['le']:,}"
        case "bool_type" | "bool_parsing":
            return f"expected true or false, got {came}"
        case "too_short":
            return f"expected {fault['ctx']['min_length']} or more, got {fault['ctx']['actual_length']}"
        case "too_long":
            return f"expected at most {fault['ctx']['max_length']}, got {fault['ctx']['actual_length']}"
        case "tuple_type":
            return f"expected a list, got {came}"
        case "literal_error":
            return f"expected {fault['ctx']['expected']}"
        case "string_pattern_mismatch":
            return form_of(fault["ctx"]["pattern"])
    return None
