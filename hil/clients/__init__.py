"""The bench's clients for the phone's own faces: its web pages, its reports, its screen."""
