"""hil: a hardware-in-the-loop certification bench for multiplatform IP phones."""

__version__ = "0.1.0"
