"""Everything that cannot be computed again, in one folder: databases, secrets, every topic's records.

    manifest.json            what this is, when, which topics, how many records, each file's SHA-256
    manifest.hmac            HMAC-SHA-256 of the manifest under the key of backups, which is not in the backup
    databases/<name>.dump    pg_dump's custom format: the city's tables, the registry's schemas with their ids
    secrets/                 the pseudonym key and the local stack's passwords
    topics/<topic>-<p>.avro  an Avro container: offset, timestamp, key, value, headers of each record

It is taken while all runs, each thing before what it follows from, so that whatever is newer is read again and changes
nothing: the city's database (no sink is ahead of its topics), the stages' offsets (none is ahead of its rows), rows,
contributions, alerts (no row remembers an alert that is not there), then claims (none of a row is missing), answers and
events, last the registry (none is missing).
"""

from __future__ import annotations

VERSION = 2


class BackupFailed(Exception):
    """No backup was made, or none was restored; the message says why and what to do."""
