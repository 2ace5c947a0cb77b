"""The small feed comes to what its expected file says, in every store, and to what a naive reading of it says."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from feed_kit import EXPECTED, SMALL, SqlPlace, Store, entries, naive_story, recorded_story, take, types
from naive_feed import Importer

from earlystart_feeds import Report

KINDS = ("memory", "sqlite", "postgresql")


@pytest.fixture(scope="module", params=KINDS)
def imported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Report]]:
    if request.param == "memory":
        store = Store()
    elif request.param == "sqlite":
        store = SqlPlace(f"sqlite:///{tmp_path_factory.mktemp('small') / 'store.db'}")
    else:
        server, name = request.getfixturevalue("postgres_server"), f"small{uuid.uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        store = SqlPlace(server.replace("/postgres?", f"/{name}?"))
    yield store, take(store, SMALL)
    store.close()


@pytest.fixture(scope="module")
def naively() -> Importer:
    return Importer().take(SMALL)


@pytest.mark.parametrize("part", ["files", "total", "refused", "several_faults", "absent", "unknown_columns"])
def test_the_report(imported: tuple[Store, Report], part: str) -> None:
    assert imported[1].as_json()[part] == EXPECTED[part]


def test_the_report_is_json(imported: tuple[Store, Report]) -> None:
    assert json.loads(json.dumps(imported[1].as_json()))["total"] == EXPECTED["total"]


def test_how_many_events_of_each_type(imported: tuple[Store, Report]) -> None:
    assert types(imported[0]) == EXPECTED["events"]


def test_contacts_by_kind(imported: tuple[Store, Report]) -> None:
    kinds = [each["data"]["kind"] for each in entries(imported[0]) if each["type"] == "ContactRecorded"]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == EXPECTED["contacts_by_kind"]


def test_tiers_and_caseload(imported: tuple[Store, Report], naively: Importer) -> None:
    tables = tables_of(entries(imported[0]), practitioner_refs(imported[0], naively))
    for name, expected in EXPECTED["tables"]["now"].items():
        assert sorted(tables[name], key=str) == sorted(map(tuple, expected["rows"]), key=str)


def tables_of(log: list[dict[str, Any]], refs: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    """Both tables from the log's entries alone, by section 2 of the contract."""
    team: dict[str, str] = {}
    tier: dict[str, str] = {}
    is_open: dict[str, bool] = {}
    active: dict[str, tuple[str, str]] = {}
    for each in sorted(log, key=lambda entry: (datetime.fromisoformat(entry["occurred_at"]), entry["position"])):
        match each["type"], each["data"]:
            case "CaseOpened", data:
                team[data["case"]], is_open[data["case"]] = data["team"], True
                tier.setdefault(data["case"], "universal")
            case "ResponsibilityPassed", data:
                team[data["case"]] = data["to_team"]
            case "CaseClosed", data:
                is_open[data["case"]] = False
            case "TierDecided", data:
                tier[data["case"]] = data["tier"]
            case "PackageAllocated", data:
                active[data["package"]] = (data["case"], refs[data["practitioner"]])
            case "PackageEnded", data:
                active.pop(data["package"], None)
    open_by_team = defaultdict(list)
    for case, still in is_open.items():
        if still:
            open_by_team[team[case].removeprefix("team:")].append(case)
    levels = ("universal", "universal_plus", "universal_partnership_plus")
    tiers, caseload = [], []
    for name, cases in open_by_team.items():
        tiers.append((name, len(cases), *(sum(tier[case] == level for case in cases) for level in levels)))
        mine = [(case, who) for case, who in active.values() if case in cases]
        caseload.append((name, None, len(cases), len(mine)))
        for who in {who for _, who in mine}:
            held = [case for case, other in mine if other == who]
            caseload.append((name, who, len(set(held)), len(held)))
    return {"tiers": tiers, "caseload": caseload}


def practitioner_refs(store: Store, naively: Importer) -> dict[str, str]:
    """Practitioners' ids to what the feed calls them, by matching allocations one to one."""
    ids = [each["data"]["practitioner"] for each in entries(store) if each["type"] == "PackageAllocated"]
    refs = [data["practitioner"] for type, _, data in naively.events if type == "PackageAllocated"]
    return {id: ref.removeprefix("practitioner:council ") for id, ref in zip(ids, refs, strict=True)}


def test_every_event_in_order_as_a_naive_reading_has_it(imported: tuple[Store, Report], naively: Importer) -> None:
    assert recorded_story(imported[0]) == naive_story(naively.events)


def test_a_naive_reading_refuses_the_same(naively: Importer) -> None:
    assert [list(each) for each in naively.refused] == EXPECTED["refused"]


def test_who_recorded_it(imported: tuple[Store, Report]) -> None:
    for each in entries(imported[0]):
        employer = "org:lch" if each["type"] == "ContactRecorded" else "org:council"
        assert each["recorded_by"] == {"employer": employer, "practitioner": "practitioner:import", "role": "feed"}
        assert each["command_id"] is None


def test_a_second_time_adds_nothing(imported: tuple[Store, Report]) -> None:
    store, first = imported
    head = store.log.head()
    again = take(store, SMALL)
    assert store.log.head() == head
    assert again.total.accepted == 0
    assert again.total.already_known == first.total.accepted + first.total.already_known
    assert again.refused == first.refused
    assert again.invariants == first.invariants
    assert again.doubles == first.doubles
