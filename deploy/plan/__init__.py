"""What is deployed, what would change, and how that reads."""
