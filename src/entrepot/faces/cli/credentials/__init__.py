"""Where passwords and tokens of this machine's user are kept, as docker does."""
