"""The administrator's part, once for each environment, and the check that it is done."""
