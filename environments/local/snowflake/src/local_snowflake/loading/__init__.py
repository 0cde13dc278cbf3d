"""Files of stages as rows, and rows as files."""
