"""Deterministic simulation of the real services: one seed decides everything."""
