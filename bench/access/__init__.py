"""Benchmarks of who may do what."""
