"""What the local image has in it: how an instance starts, and how it runs the payload. No server code runs there."""
