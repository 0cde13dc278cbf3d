"""Python in the account: procedures and functions, each call in a process of its own."""
