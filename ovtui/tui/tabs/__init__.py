"""The tabs of a run that show its layers; each is a widget with its own keys."""
