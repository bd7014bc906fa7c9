"""What making a version of a model brings: expected beforehand, found afterwards, and what to try next."""
