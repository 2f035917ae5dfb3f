"""The demo accounts, each with a random password that is shown here once."""

from rich.table import Table

from citygrid.accounts import make_demo_accounts
from citygrid.cli.screen import console
from runtime.settings import Settings


def run(settings: Settings) -> str:
    if settings.mode == "production":
        return "accounts: none made in production, see `citygrid accounts create`"
    made = make_demo_accounts(settings)
    if not made:
        return "accounts are there"
    table = Table(title="Demo accounts: these passwords are shown once", title_justify="left", box=None, pad_edge=False)
    for column in ("name", "password", "who"):
        table.add_column(column, overflow="fold")
    for one in made:
        table.add_row(one.account.name, one.password, one.account.what)
    console.print(table)
    console.print("A lost one is replaced by `citygrid accounts password NAME`.")
    return f"{len(made)} demo accounts made"
