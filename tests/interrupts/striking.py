"""Interrupts at chosen places: raised where Python itself would handle a signal, at the n-th of all that a call passes.

Python handles signals where a function begins or goes on, after a call of a C function, and where a loop goes back.
"""

import dis
import sys
from collections.abc import Callable
from functools import cache
from types import CodeType, FrameType
from typing import Any

AFTER = {"CALL", "CALL_FUNCTION_EX", "CALL_KW"}
RESUME = dis.opmap["RESUME"]
BACK = {"JUMP_BACKWARD", "POP_JUMP_BACKWARD_IF_TRUE", "POP_JUMP_BACKWARD_IF_FALSE"}


class Strike:
    """Raises `error` at the n-th place of what runs within `on`; n = 0 never: then `passed` says how many there are."""

    def __init__(self, n: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        self.n = n
        self.error = error
        self.passed = 0

    def on(self, call: Callable[[], Any]) -> BaseException | None:
        """Calls it, and gives the interrupt that came out of it."""
        sys.settrace(self._begin)
        try:
            call()
        except self.error as error:
            return error
        finally:
            sys.settrace(None)
        return None

    def _begin(self, frame: FrameType, event: str, arg: object) -> Any:
        if frame.f_code is Strike.on.__code__:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if frame.f_code.co_code[frame.f_lasti] == RESUME:  # else a generator is closed, which is no such place
            self._pass()
        return self._go_on

    def _go_on(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "opcode" and frame.f_lasti in places(frame.f_code):
            self._pass()
        return self._go_on

    def _pass(self) -> None:
        self.passed += 1
        if self.passed == self.n:
            raise self.error


@cache
def places(code: CodeType) -> frozenset[int]:
    """The offsets in a function at which an interrupt may be raised as if it had been so just before."""
    bytecode = dis.Bytecode(code)
    handlers = bytecode.exception_entries

    def handler(offset: int) -> Any:
        return next((one for one in handlers if one.start <= offset < one.end), None)

    found, before = set(), None
    for one in bytecode:
        if one.opname == "CACHE":
            continue
        if one.opname in BACK or (
            before is not None and before.opname in AFTER and handler(before.offset) is handler(one.offset)
        ):
            found.add(one.offset)
        before = one
    return frozenset(found)
