"""The lifecycle at scale: a large registry, measured at rest and at work."""
