"""What calibrates a model and what it is judged on: samples, labels, and preprocessing that is built in."""
