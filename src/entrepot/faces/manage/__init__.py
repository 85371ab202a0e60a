"""The management API and what operators look at."""
