"""A store in which every part has written: commands, looks, checkpoints, segments, views, an import and an erasure."""

from pathlib import Path
from typing import NamedTuple

from base_feed import add, base, written

from earlystart_core import DecideTier, OpenCase, Practitioner, Reader, Record, RecordSharingConsent
from earlystart_core.entry import Entry
from earlystart_core.privacy.keys import KeyStore
from earlystart_feeds import Report, import_feed
from earlystart_sql.ledger import SqlLedger
from earlystart_sql.log import SqlLog
from earlystart_sql.store import SqlStore
from tests.proof.conftest import PEM

BY = Practitioner("practitioner:" + "0" * 26, "information_governance", "org:lch")
OFFICER = Reader(BY.practitioner, "information_governance", "org:lch", "audit")
WORDS_OF_TWO = {"authority": "Caldicott guardian, IG-7", "second_authority": "Head of IG, IG-7", "by": BY}
BLOCK = 256  # entries, or looks, from which on a subtree is kept


class Place(NamedTuple):
    """What an import needs of a store."""

    log: SqlLog
    keys: KeyStore
    ledger: SqlLedger


def sql(record: Record) -> SqlStore:
    store = record.store
    assert isinstance(store, SqlStore)
    return store


def feed(folder: Path, children: int = 6) -> Path:
    """A feed about that many children, C1, C2, …, each with a tier, a link and a person."""
    rows = base()
    for number in range(2, children + 1):
        add(rows, "cases.csv", child_ref=f"C{number}", family_ref=f"F{number}")
        add(rows, "tiers.csv", child_ref=f"C{number}", reason=f"A reason of C{number}")
        add(rows, "links.csv", LocalPatientID=f"L{number}", child_ref=f"C{number}")
        add(rows, "CYP001MPI.csv", LocalPatientID=f"L{number}")
    return written(folder, rows)


def imported(record: Record, folder: Path) -> Report:
    """The report of importing that feed."""
    store = sql(record)
    return import_feed(folder, Place(store.log, store.keys, store.ledger), clock=store.clock, chance=store.chance)


def write_everything(record: Record, folder: Path) -> None:
    """Lets every part of the store write."""
    store = sql(record)
    case = record.new_id("case")
    opened = OpenCase(case=case, family=record.new_id("family"), team="team:armley", reason="birth")
    record.submit(opened, by=BY, command_id="opened")
    record.submit(DecideTier(case=case, tier="universal_plus", reason="a text"), by=BY, command_id="decided")
    record.submit(DecideTier(case=case, tier="universal_plus", reason="a text"), by=BY, command_id="nothing-new")
    consent = RecordSharingConsent(
        case=case,
        person=record.new_id("person"),
        capacity="parent",
        recipient="org:little-owls",
        purpose="nursery_place",
        decision="given",
        wording="w1",
    )
    record.submit(consent, by=BY, command_id="consented")
    imported(record, feed(folder))
    erased = next(row["case"] for row in record.view("case_status") if row["case"] != case)
    record.erase(erased, **WORDS_OF_TWO)
    record.seen_by(OFFICER).timeline(case)
    filling = [Entry("Tried", b'{"n":%d}' % number, [f"thing:{number % 7}"], recorded_by=BY) for number in range(BLOCK)]
    store.log.append(filling)
    store.access.append(filling)
    record.proof.checkpoint(PEM)
    record.access_proof.checkpoint(PEM)
    record.rebuild("segments")
