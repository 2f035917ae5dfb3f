"""Makes Kafka's logins (SCRAM), what each may do (ACLs) and how much a department may (quotas), as processes/rights.py
lists them. It may be repeated at any time; what is no longer in the list is taken away.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.admin import KafkaAdminClient
from kafka.protocol.admin import AlterClientQuotasRequest

from processes.logins import BROKER, OF_DEPARTMENT, PREPARE, logins, read
from processes.rights import Right, rights
from runtime.settings import Settings

PATIENCE_S = 30.0
ITERATIONS = 8_192
"""Of SCRAM-SHA-512; passwords are random, and Kafka's least is 4096."""
ONE_THREAD = 100.0
"""Percent of one of a broker's threads: what a department's requests may take."""

_KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional_id": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {"read": AclOperation.READ, "write": AclOperation.WRITE, "describe": AclOperation.DESCRIBE}


def ensure_logins(settings: Settings) -> str:
    """Make and mend logins, rights and quotas; returns what was done in half a sentence.

    `settings` are `prepare`'s. Without `logins_file` nothing is done: this Kafka asks for no login, or a city's own
    people make them (`citygrid logins list`). Raises SettingsRefused, KafkaException.
    """
    if settings.logins_file is None:
        return "no logins are kept here"
    passwords = read(settings.logins_file).kafka
    ours = [name for name in logins() if name in passwords]
    gone = sorted(passwords.keys() - {*logins(), PREPARE, BROKER})
    admin = AdminClient({**settings.kafka_client()})
    _passwords(admin, {name: passwords[name] for name in ours}, gone)
    made, taken = _rights(admin, settings, {*ours, *gone})
    _quotas(settings, [name for name in ours if name.startswith(OF_DEPARTMENT)], gone)
    return f"{len(ours)} logins, {made} rights granted, {taken} taken away"


def _passwords(admin: AdminClient, passwords: Mapping[str, str], gone: Iterable[str]) -> None:
    mechanism = ScramMechanism.SCRAM_SHA_512
    made: list[Any] = [
        UserScramCredentialUpsertion(name, ScramCredentialInfo(mechanism, ITERATIONS), password.encode())
        for name, password in passwords.items()
    ]
    ended = [UserScramCredentialDeletion(name, mechanism) for name in gone]
    for name, future in admin.alter_user_scram_credentials([*made, *ended], request_timeout=PATIENCE_S).items():
        try:
            future.result(PATIENCE_S)
        except KafkaException as refused:
            if name not in gone or refused.args[0].code() != KafkaError.RESOURCE_NOT_FOUND:
                raise


def _rights(admin: AdminClient, settings: Settings, principals: set[str]) -> tuple[int, int]:
    """Grant what is lacking, then take what is too much; how many of each. Of others' logins, and of topics and groups
    that begin otherwise than this installation's, nothing is touched."""
    wanted = {_binding(right) for right in rights(settings) if right.principal in principals}
    every: Any = None
    asked = AclBindingFilter(
        ResourceType.ANY, every, ResourcePatternType.ANY, every, every, AclOperation.ANY, AclPermissionType.ANY
    )
    there = {
        binding
        for binding in admin.describe_acls(asked, request_timeout=PATIENCE_S).result(PATIENCE_S)
        if binding.principal.removeprefix("User:") in principals and binding.name.startswith(settings.topic_prefix)
    }
    lacking, surplus = [*(wanted - there)], [*(there - wanted)]
    if lacking:
        for made in admin.create_acls(lacking, request_timeout=PATIENCE_S).values():
            made.result(PATIENCE_S)
    if surplus:
        exactly = [
            AclBindingFilter(
                acl.restype,
                acl.name,
                acl.resource_pattern_type,
                acl.principal,
                acl.host,
                acl.operation,
                acl.permission_type,
            )
            for acl in surplus
        ]
        for ended in admin.delete_acls(exactly, request_timeout=PATIENCE_S).values():
            ended.result(PATIENCE_S)
    return len(lacking), len(surplus)


def _binding(right: Right) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL
    return AclBinding(
        _KINDS[right.kind],
        right.name,
        pattern,
        f"User:{right.principal}",
        "*",
        _OPERATIONS[right.operation],
        AclPermissionType.ALLOW,
    )


def _quotas(settings: Settings, departments: Iterable[str], gone: Iterable[str]) -> None:
    """How much a department's login may take of a broker. librdkafka has no call for quotas, hence another client."""
    # It would warn of PLAIN, which `prepare` is meant to use, and below that log its configuration, password and all.
    logging.getLogger("kafka").setLevel(logging.ERROR)
    rate = float(settings.department_bytes_per_second)
    limits = {"producer_byte_rate": rate, "consumer_byte_rate": rate, "request_percentage": ONE_THREAD}
    entry, entity, operation = (
        AlterClientQuotasRequest.EntryData,
        AlterClientQuotasRequest.EntryData.EntityData,
        AlterClientQuotasRequest.EntryData.OpData,
    )
    entries = [
        entry(
            entity=[entity(entity_type="user", entity_name=name)],
            ops=[operation(key=key, value=value, remove=remove) for key, value in limits.items()],
        )
        for names, remove in ((departments, False), (gone, True))
        for name in names
    ]
    if not entries:
        return
    admin = KafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap.split(","),
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_plain_username=settings.kafka_sasl_username,
        sasl_plain_password=settings.kafka_client().get("sasl.password"),
        ssl_cafile=_text(settings.kafka_ca_file),
        ssl_certfile=_text(settings.kafka_certificate_file),
        ssl_keyfile=_text(settings.kafka_key_file),
    )
    try:
        manager = admin._manager  # noqa: SLF001 - it speaks the request, and has no call for it yet
        answer = manager.run(manager.send, AlterClientQuotasRequest(entries=entries, validate_only=False))
        for entry_answered in answer.entries:
            if entry_answered.error_code:
                raise KafkaException(KafkaError(entry_answered.error_code, entry_answered.error_message or "quotas"))
    finally:
        admin.close()


def _text(file: object) -> str | None:
    return str(file) if file else None
