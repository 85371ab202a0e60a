"""Random worlds of people who try to get what they were not given."""
