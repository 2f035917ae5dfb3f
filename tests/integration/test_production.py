"""What a production start refuses: by protocol and address for every server, and whatever can be guessed."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from local.stack.postgres import new_passwords
from runtime.production import database_faults
from runtime.settings import SettingsRefused, load

GOOD = "h4Rd-t0-gu3ss"
CHECKED = "?sslmode=verify-full&sslrootcert=/etc/ssl/city.pem"


@pytest.fixture
def earnest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The environment of an installation whose servers are all elsewhere and guarded."""
    monkeypatch.chdir(tmp_path)
    key = tmp_path / "pseudonym.key"
    key.touch(mode=0o600)
    key.write_text(f"k1 {secrets.token_hex(32)}\nk2 {secrets.token_hex(32)}\n")
    good = {
        "STATE_DIR": str(tmp_path / "state"),
        "MODE": "production",
        "KAFKA_BOOTSTRAP": "kafka-1:9092,kafka-2:9092",
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_USERNAME": "citygrid",
        "KAFKA_SASL_PASSWORD": GOOD,
        "REPLICATION_FACTOR": "3",
        "REGISTRY_URL": "https://registry.city/apis/ccompat/v7",
        "REGISTRY_USERNAME": "citygrid",
        "REGISTRY_PASSWORD": GOOD,
        **{f"DATABASE_{role}_DSN": _dsn(role) for role in ("OWNER", "SINKS", "API", "DOORS", "ADMIN")},
        "OTLP_ENDPOINT": "https://collector.city",
        "OTLP_AUTHORIZATION": f"Bearer {GOOD}",
        "MQTT_URL": "mqtts://broker.city:8883",
        "MQTT_USERNAME": "devices",
        "MQTT_PASSWORD": GOOD,
        "API_PROXIES": "10.1.2.3, 10.20.0.0/16, fd00:1::/32",
        "PSEUDONYM_KEY_FILE": str(key),
    }
    for name, value in good.items():
        monkeypatch.setenv(f"CITYGRID_{name}", value)
    return monkeypatch


def _dsn(role: str, password: str = GOOD, host: str = "db.city", options: str = CHECKED) -> str:
    return f"postgresql://citygrid_{role.lower()}:{password}@{host}/citygrid{options}"


def _refusal() -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        load()
    assert GOOD not in str(refused.value)
    lines = str(refused.value).split("\n")
    assert all(line.endswith(".") and line.startswith("CITYGRID_") for line in lines)
    return lines


def test_a_guarded_installation_starts(earnest: pytest.MonkeyPatch) -> None:
    assert load().mode == "production"


def test_so_do_servers_on_loopback(earnest: pytest.MonkeyPatch) -> None:
    """Nothing leaves the machine, and the passwords are random."""
    for name in ("OTLP_ENDPOINT", "OTLP_AUTHORIZATION", "MQTT_URL", "MQTT_USERNAME", "MQTT_PASSWORD"):
        earnest.delenv(f"CITYGRID_{name}")
    for name in ("REGISTRY_USERNAME", "REGISTRY_PASSWORD", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"):
        earnest.delenv(f"CITYGRID_{name}")
    earnest.setenv("CITYGRID_KAFKA_BOOTSTRAP", "127.0.0.1:19092,localhost:19093,[::1]:19094")
    earnest.setenv("CITYGRID_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    earnest.setenv("CITYGRID_REGISTRY_URL", "http://127.0.0.1:18081/apis/ccompat/v7")
    for role, password in zip(("OWNER", "SINKS", "API", "DOORS", "ADMIN"), new_passwords().values(), strict=False):
        earnest.setenv(f"CITYGRID_DATABASE_{role}_DSN", _dsn(role, password, "127.0.0.1:15432", ""))
    assert load().mode == "production"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
        ("KAFKA_SECURITY_PROTOCOL", "SSL"),  # without a client's certificate nobody logs in
        *[
            (f"DATABASE_{role}_DSN", _dsn(role, options=options))
            for role in ("OWNER", "SINKS", "API", "DOORS", "ADMIN")
            for options in ("", "?sslmode=disable")
        ],
        ("REPLICATION_FACTOR", "1"),
        ("DATABASE_API_DSN", _dsn("API", options="?sslmode=require")),
        ("DATABASE_API_DSN", _dsn("API", options="?sslmode=verify-ca")),
        ("DATABASE_API_DSN", _dsn("API", host="127.0.0.1,db.city", options="")),
        ("DATABASE_API_DSN", _dsn("API", host="127.0.0.1", options="?hostaddr=10.1.1.1")),
        ("DATABASE_API_DSN", _dsn("API", host="127.0.0.1.evil.city", options="")),
        ("DATABASE_API_DSN", f"service=city password={GOOD}"),
        ("DATABASE_API_DSN", "postgresql://citygrid_api@db.city/citygrid" + CHECKED),
        ("DATABASE_API_DSN", "no connection string " + GOOD),
        ("DATABASE_API_DSN", ""),
        ("REGISTRY_URL", "http://registry.city/apis/ccompat/v7"),
        ("REGISTRY_URL", f"https://citygrid:{GOOD}@registry.city/apis/ccompat/v7"),
        ("REGISTRY_USERNAME", ""),
        ("REGISTRY_PASSWORD", ""),
        ("OTLP_ENDPOINT", "http://collector.city"),
        ("OTLP_AUTHORIZATION", ""),
        ("MQTT_URL", "mqtt://broker.city"),
        ("MQTT_USERNAME", ""),
        ("MQTT_PASSWORD", "short"),
        ("API_PROXIES", "*"),
        ("API_PROXIES", "10.1.2.3,*"),
        ("API_PROXIES", "0.0.0.0/1"),
        ("API_PROXIES", "::/0"),
        ("API_PROXIES", "proxy.city"),
    ],
)
def test_one_fault_is_one_sentence_that_names_the_setting(earnest: pytest.MonkeyPatch, name: str, value: str) -> None:
    earnest.setenv(f"CITYGRID_{name}", value)
    (sentence,) = _refusal()
    assert f"CITYGRID_{name}"[: len("CITYGRID_KAFKA")] in sentence


@pytest.mark.parametrize("copies", ["2", "3", "5"])
def test_kafka_acknowledges_what_two_brokers_have(earnest: pytest.MonkeyPatch, copies: str) -> None:
    earnest.setenv("CITYGRID_REPLICATION_FACTOR", copies)
    assert load().copies_acknowledged == 2


def test_one_broker_on_loopback_is_refused_too(earnest: pytest.MonkeyPatch) -> None:
    """As the local stack is: what it acknowledges lies on one disk."""
    earnest.setenv("CITYGRID_KAFKA_BOOTSTRAP", "127.0.0.1:19092")
    earnest.setenv("CITYGRID_REPLICATION_FACTOR", "1")
    (sentence,) = _refusal()
    assert "set 3" in sentence


def test_a_file_of_logins_that_others_can_read_is_refused(earnest: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "logins.json"
    file.touch()
    file.chmod(0o644)
    earnest.setenv("CITYGRID_LOGINS_FILE", str(file))
    (sentence,) = _refusal()
    assert "chmod 600" in sentence


@pytest.mark.parametrize(
    "password",
    [
        "a",
        "kJ3-x9",
        "a" * 64,
        "abababababababab",
        "Password-2026",
        "P4ssw0rd!2026",
        "postgres12345",
        "citygrid-citygrid",
        "kafka-Secret-1",
        "your-super-secret-password",
        "mysecretpassword",
        "citygrid_api_2026",
        "123456789012",
        "2026-11-27-18:00",
        "abcdefghijklmnop",
        "qwertyuiop123",
    ],
)
def test_a_password_that_somebody_guesses(earnest: pytest.MonkeyPatch, password: str) -> None:
    earnest.setenv("CITYGRID_DATABASE_API_DSN", _dsn("API", password))
    earnest.setenv("CITYGRID_KAFKA_SASL_PASSWORD", password)
    earnest.setenv("CITYGRID_REGISTRY_PASSWORD", password)
    earnest.setenv("CITYGRID_MQTT_PASSWORD", password)
    sentences = _refusal()
    assert len(sentences) == 4
    assert password == "a" or not any(password in sentence for sentence in sentences)


def test_random_passwords_and_keys_pass(earnest: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for _ in range(2_000):
        assert database_faults("X", _dsn("API", secrets.token_urlsafe(9))) == []
        assert database_faults("X", _dsn("API", str(secrets.randbelow(9 * 10**23) + 10**23))) == []
    for _ in range(50):
        (tmp_path / "pseudonym.key").write_text(secrets.token_hex(32))
        load()


@pytest.mark.parametrize(
    "key", ["a" * 64, "5a" * 32, "0123456789abcdef" * 4, bytes(range(32)).hex(), b"citygrid".hex() * 4, "0" * 63 + "1"]
)
def test_a_key_of_a_pattern(earnest: pytest.MonkeyPatch, tmp_path: Path, key: str) -> None:
    (tmp_path / "pseudonym.key").write_text(f"k1 {secrets.token_hex(32)}\nk2 {key}\n")
    (sentence,) = _refusal()
    assert "CITYGRID_PSEUDONYM_KEY_FILE" in sentence
    assert key not in sentence


@pytest.mark.parametrize("name", ["PSEUDONYM_KEY_FILE", "KAFKA_KEY_FILE", "MQTT_KEY_FILE"])
def test_a_key_that_others_read_or_that_is_not_there(earnest: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    file = tmp_path / "open.key"
    earnest.setenv(f"CITYGRID_{name}", str(file))
    assert "chmod 600" in _refusal()[0]
    file.write_text(secrets.token_hex(32))
    file.chmod(0o640)
    assert "chmod 600" in _refusal()[0]
    file.chmod(0o600)
    load()


def test_all_faults_are_told_at_once(earnest: pytest.MonkeyPatch) -> None:
    earnest.setenv("CITYGRID_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    earnest.setenv("CITYGRID_KAFKA_SASL_PASSWORD", "a")
    earnest.setenv("CITYGRID_DATABASE_API_DSN", _dsn("API", "a", options="?sslmode=disable"))
    earnest.setenv("CITYGRID_REGISTRY_URL", "http://registry.city")
    earnest.setenv("CITYGRID_MQTT_URL", "mqtt://broker.city")
    earnest.setenv("CITYGRID_API_PROXIES", "*")
    told = _refusal()
    assert [line.split()[0].rstrip(":") for line in told] == [
        "CITYGRID_DATABASE_API_DSN",
        "CITYGRID_DATABASE_API_DSN",
        "CITYGRID_KAFKA_SECURITY_PROTOCOL",
        "CITYGRID_KAFKA_SASL_PASSWORD",
        "CITYGRID_REGISTRY_URL",
        "CITYGRID_MQTT_URL",
        "CITYGRID_API_PROXIES",
    ]
    assert all(any(word in line for word in ("set ", "add ", "list ")) for line in told)
