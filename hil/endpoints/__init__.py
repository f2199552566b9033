"""The controlled servers of a bench: what the handset talks to, and the faults they can have."""
