"""Migrations of the schema; only what upgrades an older catalog imports them."""
