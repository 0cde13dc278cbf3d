"""What is delivered: its manifest, how it is built, and its files on the stage."""
