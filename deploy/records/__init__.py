"""What the account remembers of deliveries: the lock, the releases, what a release replaced."""
