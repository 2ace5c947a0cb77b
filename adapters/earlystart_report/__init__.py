"""Reports and subject access bundles: single HTML files and a folder, for people who have no program to read them."""

from earlystart_report.bundle import write_bundle
from earlystart_report.page import book_of, page_of, report_page

__all__ = ["book_of", "page_of", "report_page", "write_bundle"]
