"""Can the suite say no? It is run against handsets that are known to be wrong, and must find each.

The suite is collected once, in a process without threads (`suite`). For each `job.Job` that process
forks a child (`pool`), which prepares a wrong handset, runs the job's tests as `hil certify` would,
and tells through a pipe what became of them (`child`, `messages`). An `outcome.Outcome` says whether
that killed the handset, and by what. `catalogue` makes the jobs of the defect catalogue, `matrix`
puts their outcomes together, `report` prints them.

A kill is a test whose verdict is FAIL (device) with a finding that the job counts: for a defect, one
that names the requirement that it breaks. A crash, an ERROR, an INCONCLUSIVE or a child that hangs
is no kill.
"""
