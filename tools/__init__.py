"""Programs for those who work on the runner; none of them ships with it."""
