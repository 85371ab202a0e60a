"""Random worlds of users, robots and tokens that try to get what they were not given."""
