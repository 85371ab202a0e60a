"""The law: pure decisions, from facts to verdicts."""
