"""Test images made here: real OCI layouts, written with the standard library.

The corpus is the oracle of the black-box tests, so it shares no code with the
registry that it is pushed to.
"""
