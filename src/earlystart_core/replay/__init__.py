"""Rebuilding by columns: the log's facts as arrays, folded whole columns at a time."""
