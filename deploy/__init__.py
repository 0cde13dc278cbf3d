"""How a release gets to an environment."""
