"""What a run leaves behind: results, and a log a test."""
