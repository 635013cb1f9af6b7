"""What makes the recordings: training runs, and searches, that are too long for a page."""
