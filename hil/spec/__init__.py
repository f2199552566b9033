"""The catalogue beside the suite: where a requirement is written, what tests it, what breaks it."""
