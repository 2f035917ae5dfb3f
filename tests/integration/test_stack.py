"""The local stack with its real parts: continues, mends and leaves nothing behind."""

from __future__ import annotations

import httpx
import psycopg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from runtime.settings import Settings


def test_the_fixtures_reach_every_part(settings: Settings, prefix: str) -> None:
    admin = AdminClient(settings.kafka_client())
    admin.create_topics([NewTopic(f"{prefix}x", 2, 1)])[f"{prefix}x"].result(10)
    schema = {"schema": '{"type": "string"}'}
    said = httpx.post(f"{settings.registry_url}/subjects/{prefix}x-value/versions", json=schema)
    assert said.json()["id"] > 0
    with psycopg.connect(settings.dsn("api")) as api:
        row = api.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row == (False, False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("CREATE TABLE public.own (id int)")
