"""``hil expand``: the text that macros expand to."""

from __future__ import annotations

import click

from hil.commands.phone_options import macro_table, print_exactly, values_option


@click.command(name="expand")
@click.argument("template")
@values_option
def command(template: str, values: tuple[tuple[str, str], ...]) -> None:
    """Expand the macros of a text.

    TEMPLATE may hold $NAME, $(NAME), $(NAME:p), $(NAME:p:q) and $$. A name that is no macro stays as
    it is; so do $SA to $SD, which only the options of a rule may use. Quote the template, or the
    shell expands it first.

    \b
    hil expand '$(A:2:3)' -p GPP_A=ABCDEF          CDE
    hil expand '/$PSN/$MA.xml' -p MA=001122334455  /7832-3PCC/001122334455.xml
    hil expand '$MAU costs $$5, $NOBODY knows'     000E08AABBCC costs $5, $NOBODY knows
    """
    print_exactly(macro_table(values).expand(template))
