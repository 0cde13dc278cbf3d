"""The account itself, which knows no feature: its stores and sessions, tokens, and what features register with."""
