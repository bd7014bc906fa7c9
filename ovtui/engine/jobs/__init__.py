"""The process of a job: it owns the lock, the statistics and the record, and watches over a device process."""
