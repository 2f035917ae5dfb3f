"""The demo's accounts, with random passwords that are shown once."""

from database.accounts import make_demo_accounts
from runtime.settings import Settings


def run(settings: Settings) -> str | list[str]:
    if settings.mode == "production":
        return "no demo accounts in production: make the first one by `citygrid accounts create`"
    made = make_demo_accounts(settings)
    if not made:
        return "accounts are there"
    lines = [f"  {entry.account.name:<12} {entry.password:<22} {entry.account.what}" for entry in made]
    return ["Accounts (the passwords are shown this once; a new one: `citygrid accounts password NAME`):", *lines]
