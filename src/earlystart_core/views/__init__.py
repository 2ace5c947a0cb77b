"""The views: the projections that every store keeps, in the order in which they are finished."""

from earlystart_core.projection import Projection
from earlystart_core.views.case_status import case_status
from earlystart_core.views.consent_status import consent_status
from earlystart_core.views.package_status import package_status
from earlystart_core.views.request_queue import request_queue

VIEWS: tuple[Projection, ...] = (package_status, case_status, request_queue, consent_status)
VIEW = {projection.name: projection for projection in VIEWS}
