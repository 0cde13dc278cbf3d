"""Tables and views, and what reads and changes their rows."""
