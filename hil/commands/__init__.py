"""The subcommands of ``hil``, one a module, each a click command of the name ``command``.

`hil.cli` imports a module only when its command is called, so a module may import at its top
whatever its command needs.
"""
