"""Benchmarks: one question a file, each against the fastest fair use of a peer, in one run, as ratios.

`python -m benchmarks` asks them all over one simulated city and writes RESULTS.md.
"""
