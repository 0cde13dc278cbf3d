"""The grammar of each statement, as its page has it, and the check that a statement keeps to it."""
