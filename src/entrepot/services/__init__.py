"""The work: use cases, each in one transaction."""
