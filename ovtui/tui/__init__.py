"""What you see: the Textual app. Every measurement is a job of the engine, every fact comes from the store."""
