"""The command line: talks to a running server through its API."""
