"""What sets two or more apart: verdicts on what was measured in turn or recorded, and what explains them."""
