"""The four views in DuckDB's SQL, ids and codes still numbers: one aggregation a type by dense id, then joins.

`arg_max(x, turn)` is contract 2.4's latest: `turn` orders facts by (occurred_at, position).
"""

DEFERRED, WITHDRAWN = (f"(SELECT n FROM f_code WHERE text = '{code}')" for code in ("deferred", "withdrawn"))


def _of(name: str) -> str:
    """The standing facts of a type."""
    return f"(SELECT * FROM f_{name} ANTI JOIN struck USING (position))"


def _day(column: str) -> str:
    return f"CAST(timezone('Europe/London', make_timestamptz({column})) AS DATE)"


PACKAGES = f"""
CREATE OR REPLACE TEMP TABLE package AS
SELECT * FROM (
  SELECT package, arg_min("case", turn) AS "case", arg_min(pathway, turn) AS pathway,
    arg_min(duration, turn) AS duration, min(occurred) AS started
  FROM {_of("PackageStarted")} GROUP BY package
) LEFT JOIN (
  SELECT package, max(occurred) AS ended, arg_max(outcome, turn) AS outcome FROM {_of("PackageEnded")} GROUP BY package
) USING (package)
"""

CASE = f"""
WITH opened AS (
  SELECT "case", arg_min(family, turn) AS family, min(occurred) AS opened FROM {_of("CaseOpened")} GROUP BY "case"
), team AS (
  SELECT "case", arg_max(team, turn) AS team FROM (
    SELECT "case", team, turn FROM {_of("CaseOpened")}
    UNION ALL SELECT "case", to_team, turn FROM {_of("ResponsibilityPassed")}
    UNION ALL SELECT "case", team, turn FROM {_of("CaseReopened")}
  ) GROUP BY "case"
), status AS (
  SELECT "case", arg_max(closed, turn) AS closed, max(occurred) FILTER (closed) AS closed_at FROM (
    SELECT "case", false AS closed, turn, occurred FROM {_of("CaseOpened")}
    UNION ALL SELECT "case", false, turn, occurred FROM {_of("CaseReopened")}
    UNION ALL SELECT "case", true, turn, occurred FROM {_of("CaseClosed")}
  ) GROUP BY "case"
), born AS (
  SELECT "case", arg_max(born_on, turn) AS born_on FROM (
    SELECT "case", born_on, turn FROM {_of("CaseOpened")} WHERE born_on IS NOT NULL
    UNION ALL SELECT "case", born_on, turn FROM {_of("ChildBorn")}
  ) GROUP BY "case"
), point AS (
  SELECT "case", arg_max(practitioner, turn) AS point_of_contact FROM {_of("PointOfContactNamed")} GROUP BY "case"
), tier AS (
  SELECT "case", arg_max(tier, turn) AS tier, max(occurred) AS since FROM {_of("TierDecided")} GROUP BY "case"
), contact AS (
  SELECT "case", count(*) AS attended, max(occurred) AS last FROM {_of("ContactRecorded")}
  WHERE attendance IN (SELECT n FROM f_code WHERE text IN ('5', '6')) GROUP BY "case"
), active AS (
  SELECT "case", count(*) AS active FROM package WHERE ended IS NULL GROUP BY "case"
)
SELECT "case", family, team, point_of_contact, tier, make_timestamptz(since) AS tier_since,
  {_day("opened")} AS opened_on, CASE WHEN closed THEN {_day("closed_at")} END AS closed_on,
  CASE WHEN closed THEN 'closed' ELSE 'open' END AS status, born_on, coalesce(attended, 0) AS contacts_attended,
  make_timestamptz(last) AS last_contact_at, coalesce(active, 0) AS active_packages
FROM opened LEFT JOIN team USING ("case") LEFT JOIN status USING ("case") LEFT JOIN born USING ("case")
LEFT JOIN point USING ("case") LEFT JOIN tier USING ("case") LEFT JOIN contact USING ("case")
LEFT JOIN active USING ("case") ORDER BY "case"
"""

REQUEST = f"""
WITH asked AS (
  SELECT request, arg_min("case", turn) AS "case", arg_min(source, turn) AS source, min(occurred) AS requested
  FROM {_of("SupportRequested")} GROUP BY request
), met AS (
  SELECT request, arg_max(meeting, turn) AS meeting, arg_max(team, turn) AS team,
    count(*) FILTER (outcome = {DEFERRED}) AS deferrals
  FROM {_of("RequestDecided")} GROUP BY request
), decided AS (
  SELECT request, arg_max(outcome, turn) AS outcome, max(occurred) AS decided FROM (
    SELECT request, outcome, turn, occurred FROM {_of("RequestDecided")}
    UNION ALL SELECT request, {WITHDRAWN}, turn, occurred FROM {_of("RequestWithdrawn")}
  ) GROUP BY request
)
SELECT request, "case", source, make_timestamptz(requested) AS requested_at, outcome,
  make_timestamptz(decided) AS decided_at, meeting, team, coalesce(deferrals, 0) AS deferrals
FROM asked LEFT JOIN met USING (request) LEFT JOIN decided USING (request) ORDER BY request
"""

PACKAGE = f"""
WITH planned AS (
  SELECT package, arg_max(planned_end_on, turn) AS planned_end_on FROM (
    SELECT package, planned_end_on, turn FROM {_of("PackageStarted")} WHERE planned_end_on IS NOT NULL
    UNION ALL SELECT package, planned_end_on, turn FROM {_of("PackageReviewed")} WHERE planned_end_on IS NOT NULL
  ) GROUP BY package
), review AS (
  SELECT package, arg_max(next_review_on, turn) AS review FROM {_of("PackageReviewed")}
  WHERE next_review_on IS NOT NULL GROUP BY package
), every AS (
  SELECT package, arg_min(review_every_days, turn) AS every FROM {_of("PackageStarted")}
  WHERE review_every_days IS NOT NULL GROUP BY package
), held AS (
  SELECT package, arg_max(practitioner, turn) AS holder, arg_max(team, turn) AS team, max(turn) AS since
  FROM {_of("PackageAllocated")} GROUP BY package
), gone AS (
  SELECT package, practitioner AS holder, max(turn) AS gone FROM {_of("AllocationEnded")} GROUP BY package, holder
), held_now AS (
  SELECT package, team, CASE WHEN gone > since THEN NULL ELSE holder END AS practitioner
  FROM held LEFT JOIN gone USING (package, holder)
)
SELECT package, "case", pathway, duration, make_timestamptz(started) AS started_at, planned_end_on,
  coalesce(review, {_day("started")} + every::INTEGER) AS next_review_on, make_timestamptz(ended) AS ended_at,
  outcome, practitioner, team
FROM package LEFT JOIN planned USING (package) LEFT JOIN review USING (package) LEFT JOIN every USING (package)
LEFT JOIN held_now USING (package) ORDER BY package
"""

CONSENT = f"""
SELECT "case", recipient, purpose, arg_max(decision, turn) AS decision, make_timestamptz(max(occurred)) AS decided_at,
  arg_max_null(until, turn) AS until, arg_max(person, turn) AS person, arg_max(wording, turn) AS wording,
  arg_max(position, turn)::BIGINT AS position
FROM {_of("SharingConsentRecorded")} GROUP BY ALL ORDER BY "case", recipient, purpose
"""

SQL = {"case_status": CASE, "request_queue": REQUEST, "package_status": PACKAGE, "consent_status": CONSENT}
