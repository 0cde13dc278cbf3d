"""Functions of constants: CURRENT_ROLE() and the like, and general SYSTEM$ functions."""
