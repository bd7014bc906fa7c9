"""Small widgets that say what they need in their constructor."""
