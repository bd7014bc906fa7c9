"""A screen a file, with its styles beside it; each is imported when it is first shown."""
