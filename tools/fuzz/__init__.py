"""Campaigns of hostile and random input against parsers and a real server."""
