"""Talking to the account: a connection that keeps to a deadline, reads gathered into one request, and quoting."""
