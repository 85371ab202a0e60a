"""The trades: what keeps the promises of the ports, in files and databases."""
