"""Who has which handset: leases, quarantine, and the watchdog that cleans up after a dead run."""
