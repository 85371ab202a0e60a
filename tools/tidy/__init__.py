"""Checks the house's habits that no linter knows: `python -m tools.tidy`.

`code` looks at one file, `tree` at how files and pages fit together. What a rule must let pass
stands in `tidy.toml`, each with its date and its reason; an exception that nothing needs any more
is itself a finding.
"""
