"""Random legal scenarios against a handset, and tests that reproduce what they find.

::

    configuration, surroundings, steps   hypothesis makes a scenario
    scenario                             which is data: calls of a test's fixtures
    player                               plays it on a bench and has it judged
    search, shortening                   rounds by a seed; what is found is made short
    writing                              and written as a certification test
    worker, crew, tally                  processes that share the work, and what they count
"""
