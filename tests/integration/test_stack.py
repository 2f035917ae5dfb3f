"""The stack that the tests share: every part is there, and nothing of it can be reached from outside."""

from __future__ import annotations

from dataclasses import fields

import httpx
import psutil
import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.stack.local import LocalStack
from runtime.settings import Settings


def test_the_fixtures_reach_every_part(settings: Settings, prefix: str) -> None:
    admin = AdminClient(settings.kafka_client())
    admin.create_topics([NewTopic(f"{prefix}x", 2, 1)])[f"{prefix}x"].result(10)
    versions = f"{settings.registry_url}/subjects/{prefix}x-value/versions"
    assert httpx.post(versions, json={"schema": '"string"'}).raise_for_status().json()["id"] > 0
    with psycopg.connect(settings.dsn("api")) as api:
        row = api.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row == (False, False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("CREATE TABLE public.own (id int)")


def test_nothing_listens_beyond_loopback(stack: LocalStack) -> None:
    numbers = {getattr(stack.ports, field.name) for field in fields(stack.ports)}
    listening = [tuple(c.laddr) for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    hosts = {host for host, *port in listening if set(port) <= numbers}
    assert hosts <= {"127.0.0.1", "::ffff:127.0.0.1"}
