"""Stores of blobs, one module each.

A module is named by the scheme of its URL and has `open_store`; the contract suite finds it by that.
What begins with an underscore is shared by them.
"""
