"""Retention: what of a repository stays, and why."""
