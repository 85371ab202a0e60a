"""Write transactions of a catalog, embedded and of a fleet."""
