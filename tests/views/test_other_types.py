"""What a log holds of other programs, or of a newer release, is in no view, and no view stops at it."""

import pytest

from earlystart_core import Record
from earlystart_core.entry import Entry
from earlystart_sql.database import open_database
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG

from .told import folded, meet, open_case, served


@pytest.mark.parametrize("through", ["the record", "another program"])
def test_a_type_that_is_not_known_is_passed_over(town: str, through: str) -> None:
    """As a rebuild passes it over: by the append that brings it, and by the reader who catches up with it."""
    with Record.open(town) as record:
        case = open_case(record)
        record.rebuild()
        log = record.store.log if through == "the record" else SqlLog(open_database(town, LOG), record.store.clock)
        log.append([Entry("SaidElsewhere", b'{"case":1}', [case]), Entry("SaidElsewhere", b"?", ["case:none"])])
        assert served(record) == folded(record)
        meet(record, case)
        assert record.view("case_status", case=case)[0]["contacts_attended"] == 1
        assert served(record) == folded(record)
        assert set(record.store.views.lag().values()) == {0}
        assert record.store.views.check()[1] == []
        if isinstance(log, SqlLog) and through != "the record":
            log.database.close()
