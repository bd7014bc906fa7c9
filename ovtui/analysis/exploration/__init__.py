"""The search for the best settings: what to measure next, what to make of it, and how long it will still take."""
