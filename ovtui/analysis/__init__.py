"""What numbers mean: pure functions and small machines on arrays and records. No screen, no database, no OpenVINO."""
