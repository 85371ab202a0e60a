"""Pages of lists by number, with their totals, fast however long the lists are."""
