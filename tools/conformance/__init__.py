"""The OCI conformance suites: built, run, and their results published."""
