"""Stores of blobs, one module each.

A module is named by the scheme of its URL and has `open_store`, by which the contract suite finds
it. What begins with an underscore is shared by them.
"""
