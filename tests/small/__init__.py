"""A pipeline for the frame's own tests: the price of a house from its size, on an ordinary table, without extras."""
