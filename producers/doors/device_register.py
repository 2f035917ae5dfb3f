"""Devices, registered and ended by whoever runs the installation, under the database's owner."""

from __future__ import annotations

import psycopg
from psycopg.rows import dict_row

from domain.codes import InvalidCode
from producers.doors.device_keys import DeviceKeys
from producers.doors.device_messages import DEVICE, DOORS
from runtime.settings import Settings
from wire.contracts import Contract, contracts
from wire.pseudonym import Pseudonyms
from wire.values.codes import CODES


class DeviceRefused(Exception):
    """The device cannot be registered or ended; the message says why and what to do."""


def add(settings: Settings, department: str, device: str, subject: str) -> str:
    """Register a device and return its key, which is kept nowhere; one that is there already gets a new key.

    `subject` is the door's dwelling, or the identity number of who wears the bracelet, of which a pseudonym is kept.
    Its count of messages begins anew: what was recorded before was signed with the old key and is not taken again, and
    the numbers of its records name the registration. Raises DeviceRefused, KeyRefused.
    """
    if department not in DOORS or DOORS[department].topic not in contracts():
        raise DeviceRefused(f"There are no devices of '{department}'; there are those of {', '.join(DOORS)}.")
    if not DEVICE.fullmatch(device):
        raise DeviceRefused(
            "A device's name has up to 64 letters, digits, '.', '_' and '-', and begins with none of these."
        )
    subject = _subject(settings, contracts()[DOORS[department].topic], subject)
    key = DeviceKeys(settings).new(department, device)
    with psycopg.connect(settings.dsn("owner")) as connection:
        made = connection.execute(
            "INSERT INTO city.device AS old (id, department, subject, salt, key_id, secret_sha256) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, "
            "salt = excluded.salt, key_id = excluded.key_id, secret_sha256 = excluded.secret_sha256, "
            "revoked_at = NULL, closed_by_restore = false, last_sequence = 0, last_message_at = NULL, "
            "registration = old.registration + 1 "
            "WHERE old.department = excluded.department RETURNING id",
            (device, department, subject, key.salt, key.key_id, key.secret_sha256),
        ).fetchone()
    if made is None:
        raise DeviceRefused("There is a device of this name in another department: choose another name.")
    return key.text


def _subject(settings: Settings, contract: Contract, stated: str) -> str:
    """The subject of a device's messages as every door has it. Raises DeviceRefused, KeyRefused."""
    try:
        if contract.subject_is_identity:
            return Pseudonyms.of(settings).of_number(stated, contract.eight_digits, newborns=contract.newborns)
        return CODES[contract.subject](stated)
    except InvalidCode as wrong:
        if contract.subject_is_identity:
            raise DeviceRefused(f"The identity number of who wears it is wrong: {wrong}.") from None
        raise DeviceRefused(
            f"A door's device needs its dwelling, its number in the address register. What is given is wrong: {wrong}."
        ) from None


def listed(dsn: str) -> list[dict[str, object]]:
    """Every device, without its key and without whom or what it is about."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(
            "SELECT id, department, last_sequence, last_message_at, created_at, revoked_at, closed_by_restore "
            "FROM city.device ORDER BY department, id"
        ).fetchall()


def reopen(dsn: str, device: str | None = None) -> list[str]:
    """Take messages again of a device that a restore has closed, or of all of them; their names. Raises DeviceRefused
    if it closed none of this name."""
    with psycopg.connect(dsn) as connection:
        opened = connection.execute(
            "UPDATE city.device SET revoked_at = NULL, closed_by_restore = false "
            "WHERE closed_by_restore AND (%(device)s::text IS NULL OR id = %(device)s) RETURNING id",
            {"device": device},
        ).fetchall()
    if device is not None and not opened:
        raise DeviceRefused("A restore has closed no device of this name: see `citygrid devices list`.")
    return sorted(name for (name,) in opened)


def revoke(dsn: str, device: str) -> None:
    """Take no more messages of a device. Raises DeviceRefused if there is none of this name."""
    with psycopg.connect(dsn) as connection:
        ended = connection.execute(
            "UPDATE city.device SET revoked_at = coalesce(revoked_at, now()), closed_by_restore = false "
            "WHERE id = %s RETURNING id",
            (device,),
        ).fetchone()
    if ended is None:
        raise DeviceRefused("There is no device of this name: see `citygrid devices list`.")
