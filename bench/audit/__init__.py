"""The audit log at scale."""
