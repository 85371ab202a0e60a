"""Webhooks put to the test: a receiver that is killed again and again."""
