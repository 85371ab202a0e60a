"""Whom other identity providers vouch for: people (OIDC), workloads (CI)."""
