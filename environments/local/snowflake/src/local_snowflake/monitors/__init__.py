"""Model monitors: objects that compare what a version said with a baseline and with what came true."""
