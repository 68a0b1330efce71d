"""The method once more, for tests and benchmarks: plain double precision on diffusers.

Written from the equations of docs/erasure.md, one prompt and one seed at a time, without any
of gloce's own code, so that the two can be compared. Slow on purpose.
"""
