"""A bench that nobody built: the reference phone lives on it, and its history is written down.

`world` has the time and the phone, `life` what the phone does of itself, `names`, `files`, `lines` and
`faces` what the bench does to it, `configuration` what it is told to do.
"""
