"""Erasing: a subject's keys are destroyed and a tombstone says so, unless a hold forbids; and what is due for it."""
