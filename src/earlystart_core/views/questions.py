"""The questions asked of the views: each is one function over frames, asked alike of now and of any two clocks."""

from collections.abc import Callable

import msgspec
import polars as pl

from earlystart_core.store import Frames


class Question(msgspec.Struct, frozen=True):
    """`reads`: the columns that the question touches, view by view; `ask` gets the frames in that order."""

    name: str
    reads: dict[str, tuple[str, ...]]
    ask: Callable[..., pl.DataFrame]

    def of(self, frames: Frames, team: str | None = None) -> pl.DataFrame:
        """The answer from those frames, for one team or all."""
        return self.ask(*(frames.frame(view, columns, team=team) for view, columns in self.reads.items()))


def _tiers(cases: pl.DataFrame) -> pl.DataFrame:
    """One row per team that has an open case: its open cases, and how many are in each tier."""

    def of_tier(tier: str) -> pl.Expr:
        return (pl.col("tier") == tier).sum().cast(pl.Int64).alias(tier)

    return (
        cases.filter(pl.col("status") == "open")
        .group_by("team")
        .agg(
            pl.len().cast(pl.Int64).alias("open_cases"),
            of_tier("universal"),
            of_tier("universal_plus"),
            of_tier("universal_partnership_plus"),
        )
        .sort("team")
    )


def _caseload(cases: pl.DataFrame, packages: pl.DataFrame) -> pl.DataFrame:
    """Per team one row for all its open cases (practitioner null), then one per practitioner with an active package."""
    cases = cases.filter(pl.col("status") == "open").select("case", "team")
    active = packages.filter(pl.col("ended_at").is_null()).join(cases.rename({"team": "case_team"}), on="case")
    held = active.group_by("case_team").agg(pl.len().cast(pl.Int64).alias("active_packages"))
    teams = (
        cases.group_by("team")
        .agg(pl.len().cast(pl.Int64).alias("open_cases"))
        .join(held.rename({"case_team": "team"}), on="team", how="left")
        .select(
            "team", pl.lit(None, pl.String).alias("practitioner"), "open_cases", pl.col("active_packages").fill_null(0)
        )
    )
    practitioners = (
        active.filter(pl.col("practitioner").is_not_null())
        .group_by("case_team", "practitioner")
        .agg(
            pl.col("case").n_unique().cast(pl.Int64).alias("open_cases"),
            pl.len().cast(pl.Int64).alias("active_packages"),
        )
        .rename({"case_team": "team"})
        .select("team", "practitioner", "open_cases", "active_packages")
    )
    return pl.concat([teams, practitioners]).sort("team", "practitioner", nulls_last=False)


tiers = Question("tiers", {"case_status": ("team", "status", "tier")}, _tiers)
caseload = Question(
    "caseload",
    {"case_status": ("team", "status"), "package_status": ("case", "practitioner", "ended_at")},
    _caseload,
)
