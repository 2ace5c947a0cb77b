"""Feeds: what each organisation's own recording system sends, read, checked, and recorded as the history that it was.

reading  ->  checking (tables, faults, contacts)  ->  planning (becoming, naming)  ->  importing  ->  report
"""

from earlystart_feeds.importing import import_feed, import_read
from earlystart_feeds.reading import Feed, read_feed
from earlystart_feeds.report import Report

__all__ = ["Feed", "Report", "import_feed", "import_read", "read_feed"]
