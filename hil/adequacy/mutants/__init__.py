"""Mutants of the reference: the handset runs a function with one slip in it, the judge the true one.

The phone and its judge call the same functions of `hil.reference` in one process. A mutant's function
gets code with two bodies (`schemata`): inside the phone (`hil.virtual.inside`) the one with the slip
runs, for everybody else the true one. `operators` says what a slip is, `sites` enumerates all of
them in what the phone can run (`reach`), `sampling` draws some. One run of the sound suite with every
drawn slip watched (`watched`) tells which tests could find a mutant at all: those in which the
slip makes a difference to what the phone computes. `campaign` runs them, and `score` says how many
mutants died, by module.

A kill is a verdict FAIL (device) with a finding that names a requirement. A mutant that crashes the
phone, hangs or breaks the laboratory is stillborn, and belongs to no score. `equivalents` has those
that cannot show, each with its reason.
"""
