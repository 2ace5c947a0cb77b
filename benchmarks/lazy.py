"""The four views by hand in Polars, lazily over Parquet, by someone who wants it to win.

Rows lie by key and then in time, so the latest row of a key is the one before the key changes: a comparison with the
next row instead of a group-by, and a count is the distance between two such rows. Struck positions are filtered out
first, by `is_in`.
"""

import polars as pl

from benchmarks.parquet import KEYS, Parquet
from earlystart_core.marks import struck_by

Frames = dict[str, pl.DataFrame]
TIME = ("occurred", "position")
CASE = ["case"]
CONSENT = ["case", "recipient", "purpose"]


def fold(facts: Parquet) -> Frames:
    """The four finished frames, from the files."""
    plan = _Plan(facts)
    packages = plan.packages()
    views = {
        "case_status": plan.case_status(packages),
        "request_queue": plan.request_queue(),
        "package_status": plan.package_status(packages),
        "consent_status": plan.consent_status(),
    }
    return dict(zip(views, pl.collect_all(views.values()), strict=True))


class _Plan:
    def __init__(self, facts: Parquet) -> None:
        self._file = facts.file
        self._by_key = facts.by_key
        marks = pl.read_parquet(self._file("MarkedInError"), columns=["position", "target"])
        self._struck = pl.Series(sorted(struck_by(marks.iter_rows())), dtype=pl.UInt32).implode()
        self._texts: dict[str, pl.Series] = {}
        self._codes = {text: number for number, text in enumerate(self._known("code"))}

    def case_status(self, packages: pl.LazyFrame) -> pl.LazyFrame:
        opened, closed, reopened = (self._of(name) for name in ("CaseOpened", "CaseClosed", "CaseReopened"))
        first = opened.filter(_first(CASE)).select("case", "family", opened_on=_london())
        opened, closed, reopened = (_last(facts, CASE) for facts in (opened, closed, reopened))
        passed = _last(self._of("ResponsibilityPassed"), CASE)
        team = _latest(CASE, opened.select("case", *TIME, "team"), passed.select("case", *TIME, team="to_team"),
                       reopened.select("case", *TIME, "team"))  # fmt: skip
        is_open, is_closed = (pl.lit(value).alias("closed") for value in (False, True))
        status = _latest(CASE, opened.select("case", *TIME, is_open), reopened.select("case", *TIME, is_open),
                         closed.select("case", *TIME, is_closed))  # fmt: skip
        said = _last(self._of("CaseOpened").filter(pl.col("born_on").is_not_null()), CASE)
        born = _latest(CASE, said.select("case", *TIME, "born_on"), _last(self._of("ChildBorn"), CASE))
        tier = _last(self._of("TierDecided"), CASE).select("case", "tier", tier_since=_instant())
        kept = pl.col("attendance").is_in([self._codes.get(code, 255) for code in "56"])
        contacts = _last(self._of("ContactRecorded").filter(kept).with_row_index("row", 1), CASE)
        contacts = contacts.select(
            "case",
            last_contact_at=_instant(),
            contacts_attended=pl.col("row").cast(pl.Int64).diff().fill_null(pl.col("row")),
        )
        active = packages.filter(pl.col("ended_at").is_null()).group_by("case").agg(active_packages=pl.len())
        point = _last(self._of("PointOfContactNamed"), CASE).select("case", "practitioner")
        closed = closed.select("case", closed_on=_london())
        whole = _joined(first, CASE, team, point, tier, closed, status, born, contacts, active)
        return whole.select(
            self._text("case"),
            self._text("family"),
            self._text("team"),
            self._text("practitioner").alias("point_of_contact"),
            self._code("tier").fill_null("universal"),
            "tier_since",
            "opened_on",
            pl.when("closed").then("closed_on"),
            pl.when("closed").then(pl.lit("closed")).otherwise(pl.lit("open")).alias("status"),
            "born_on",
            pl.col("contacts_attended").fill_null(0),
            "last_contact_at",
            pl.col("active_packages").cast(pl.Int64).fill_null(0),
        )

    def request_queue(self) -> pl.LazyFrame:
        key = ["request"]
        asked = self._of("SupportRequested").filter(_first(key))
        decided = self._of("RequestDecided")
        deferred = decided.filter(pl.col("outcome") == self._codes.get("deferred", 255)).group_by("request")
        met = _last(decided, key)
        withdrawn = _last(self._of("RequestWithdrawn"), key).select(
            "request", *TIME, outcome=pl.lit(self._codes["withdrawn"], pl.UInt8)
        )
        ended = _latest(key, met.select("request", *TIME, "outcome"), withdrawn)
        return _joined(
            asked.select("request", "case", "source", requested_at=_instant()),
            key,
            ended.select("request", "outcome", decided_at=_instant()),
            met.select("request", "meeting", "team"),
            deferred.agg(deferrals=pl.len()),
        ).select(
            self._text("request"),
            self._text("case"),
            self._code("source"),
            "requested_at",
            self._code("outcome").fill_null("waiting"),
            "decided_at",
            self._text("meeting"),
            self._text("team"),
            pl.col("deferrals").cast(pl.Int64).fill_null(0),
        )

    def packages(self) -> pl.LazyFrame:
        """Each package that was started, when it ended and with what outcome."""
        key = ["package"]
        ended = _last(self._of("PackageEnded"), key).select("package", "outcome", ended_at=_instant())
        return _joined(self._of("PackageStarted").filter(_first(key)), key, ended)

    def package_status(self, packages: pl.LazyFrame) -> pl.LazyFrame:
        key = ["package"]
        started, reviewed = self._of("PackageStarted"), self._of("PackageReviewed")
        planned = _latest(key, *(
            _last(facts.filter(pl.col("planned_end_on").is_not_null()), key).select("package", *TIME, "planned_end_on")
            for facts in (started, reviewed)
        ))  # fmt: skip
        review = _last(reviewed.filter(pl.col("next_review_on").is_not_null()), key).select("package", "next_review_on")
        every = started.filter(pl.col("review_every_days").is_not_null()).filter(_first(key))
        held = _last(self._of("PackageAllocated"), key).select("package", "practitioner", "team", *TIME)
        ends = _last(self._of("AllocationEnded").sort(*key, "practitioner", *TIME), [*key, "practitioner"])
        given_up = pl.col("occurred_right") > pl.col("occurred")
        given_up |= (pl.col("occurred_right") == pl.col("occurred")) & (pl.col("position_right") > pl.col("position"))
        held = held.join(ends, on=[*key, "practitioner"], how="left", maintain_order="left").select(
            "package",
            "team",
            practitioner=pl.when(given_up.fill_null(value=False)).then(None).otherwise("practitioner"),
        )
        days = pl.duration(days=pl.col("every"))
        return _joined(
            packages.drop("planned_end_on", "review_every_days"),
            key,
            planned,
            review,
            every.select("package", every="review_every_days"),
            held,
        ).select(
            self._text("package"),
            self._text("case"),
            self._code("pathway"),
            self._code("duration"),
            _instant().alias("started_at"),
            "planned_end_on",
            pl.coalesce("next_review_on", _london() + days).alias("next_review_on"),
            "ended_at",
            self._code("outcome"),
            self._text("practitioner"),
            self._text("team"),
        )

    def consent_status(self) -> pl.LazyFrame:
        return _last(self._of("SharingConsentRecorded"), CONSENT).select(
            self._text("case"),
            self._text("org", "recipient"),
            self._code("purpose"),
            self._code("decision"),
            _instant().alias("decided_at"),
            "until",
            self._text("person"),
            self._code("wording"),
            pl.col("position").cast(pl.Int64),
        )

    def _of(self, name: str) -> pl.LazyFrame:
        """The standing facts of a type, by key and then in time."""
        facts = pl.scan_parquet(self._file(name)).filter(~pl.col("position").is_in(self._struck))
        ordered = facts if self._by_key else facts.sort(*KEYS[name], *TIME)
        return ordered.set_sorted(KEYS[name][0])  # measured a tenth less of the processor's time

    def _known(self, kind: str) -> pl.Series:
        if kind not in self._texts:
            self._texts[kind] = pl.read_parquet(self._file(kind), columns=["text"]).to_series()
        return self._texts[kind]

    def _text(self, kind: str, column: str | None = None) -> pl.Expr:
        return pl.lit(self._known(kind)).gather(pl.col(column or kind)).alias(column or kind)

    def _code(self, column: str) -> pl.Expr:
        return self._text("code", column)


def _first(key: list[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(one).ne_missing(pl.col(one).shift(1)) for one in key)


def _last(facts: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    return facts.filter(pl.any_horizontal(pl.col(one).ne_missing(pl.col(one).shift(-1)) for one in key))


def _latest(key: list[str], *parts: pl.LazyFrame) -> pl.LazyFrame:
    """Of several types' latest rows, the latest of each key."""
    return _last(pl.concat(parts, how="diagonal").sort(*key, *TIME), key)


def _joined(whole: pl.LazyFrame, key: list[str], *parts: pl.LazyFrame) -> pl.LazyFrame:
    for part in parts:
        whole = whole.join(part.drop(*TIME, strict=False), on=key, how="left", maintain_order="left")
    return whole


def _instant() -> pl.Expr:
    return pl.col("occurred").cast(pl.Datetime("us", "UTC"))


def _london() -> pl.Expr:
    return _instant().dt.convert_time_zone("Europe/London").dt.date()
