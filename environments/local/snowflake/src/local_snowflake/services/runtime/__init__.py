"""What the image of a batch inference job has in it."""
