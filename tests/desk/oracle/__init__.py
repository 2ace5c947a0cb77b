"""An independent reading of the officer's questions over an export, in plain dicts and loops, slow and obvious.

Shares no code with the library. Rows come back as `audit ask --json` prints them; where sealed text is asked for, its
place alone is told. `looked` is without ties, `could_see` without ties and policy; `unaltered` and `versions` have
tests of their own.
"""

from collections.abc import Callable

from .dashboard import then_and_now, undecided
from .desk import Desk, Row
from .keeping import kept
from .knowing import backdated, contact, could_see, late, looked, told
from .mistakes import exposed, relied
from .sharing import agreements, concerns, consents, necessary, overrides
from .subject import held
from .withdrawing import after_withdrawal

__all__ = ["QUESTIONS", "Desk", "Row"]

QUESTIONS: dict[str, Callable[..., list[Row]]] = {
    one.__name__: one
    for one in (
        could_see,
        backdated,
        consents,
        agreements,
        overrides,
        looked,
        after_withdrawal,
        told,
        relied,
        exposed,
        then_and_now,
        late,
        kept,
        held,
        necessary,
        undecided,
        concerns,
        contact,
    )
}
