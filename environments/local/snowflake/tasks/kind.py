"""Tasks as objects: CREATE, ALTER, DROP, SHOW, DESCRIBE, EXECUTE."""
