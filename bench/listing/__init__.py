"""Listings, searches and filters at scale."""
