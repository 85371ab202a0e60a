"""Benchmarks against a named peer, in the same run, on the same work."""
