"""What runs outside the server: a forked Python for each call. It imports nothing of the server."""
