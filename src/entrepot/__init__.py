"""Entrepot: a container image registry in one process."""
