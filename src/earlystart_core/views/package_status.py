"""package_status: one row per package, who delivers it and until when (contract section 2)."""

from earlystart_core.finish import days_after, first_of, london_day
from earlystart_core.projection import Projection
from earlystart_core.reducers import earliest, latest, standing
from earlystart_core.sources import at
from earlystart_core.types import PackageId
from earlystart_core.words.allocation import AllocationEnded, PackageAllocated
from earlystart_core.words.package import PackageEnded, PackageReviewed, PackageStarted

package_status = Projection(
    "package_status",
    key=PackageId,
    row=PackageStarted,
    case=earliest(PackageStarted.case),
    pathway=earliest(PackageStarted.pathway),
    duration=earliest(PackageStarted.duration),
    started_at=earliest(at(PackageStarted)),
    planned_end_on=latest(PackageStarted.planned_end_on, PackageReviewed.planned_end_on),
    next_review_on=first_of("_review_on", days_after(london_day("started_at"), "_review_every_days")),
    ended_at=latest(at(PackageEnded)),
    outcome=latest(PackageEnded.outcome),
    practitioner=standing(PackageAllocated.practitioner, ended_by=AllocationEnded.practitioner),
    team=latest(PackageAllocated.team),
    _review_on=latest(PackageReviewed.next_review_on),
    _review_every_days=earliest(PackageStarted.review_every_days),
)
