"""Audit: what two clocks tell apart. What was learnt between two moments, who relied on it, what covered a sharing."""
