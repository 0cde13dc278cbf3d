"""Users, and how they are created."""
