"""What goes again: releases that nobody needs, and temporary schemas."""
