"""Every setting of every process, read once at its start; those of one plug-in alone stand in its own file.

Where a value comes from: `runtime/setting_sources.py`. Containers, a city's own cluster and the local stack differ by
these values only.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_serializer, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from runtime import production
from runtime.setting_sources import CHECKOUT, SettingsRefused, loaded

__all__ = ["CHECKOUT", "OfficeHours", "Settings", "SettingsRefused", "load"]

OfficeHours = Annotated[tuple[tuple[time, time], ...], NoDecode]
"""Pairs of opening and closing time of one day, in their order."""


class Settings(BaseSettings):
    """The settings of one installation; `load()` makes one and turns a mistake into a sentence."""

    model_config = SettingsConfigDict(env_prefix="CITYGRID_", extra="ignore", frozen=True, hide_input_in_errors=True)

    mode: Literal["demo", "production"] = Field("demo", description="production refuses what guards nothing")
    state_dir: Path = Field(CHECKOUT / "state", description="everything the local stack keeps")
    downloads_dir: Path | None = Field(None, description="where jars are kept; the user's cache folder if not set")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal")

    trace_sample: float = Field(0.01, ge=0, le=1, description="share of the events that are traced; 0: none")
    otlp_endpoint: str | None = Field(
        None, pattern=r"^(https?://\S+)?$", description="root of a collector's OTLP/HTTP API: spans go to …/v1/traces"
    )
    otlp_authorization: SecretStr | None = Field(None, description="the header Authorization that the collector wants")
    trace_file: Path | None = Field(None, description="spans as lines of JSON, a file beside it for each process")

    runbooks_url: str = Field(
        (CHECKOUT / "docs" / "runbooks").as_uri(),
        pattern=r"^(https?|file)://[^\s\"'#]*[^\s\"'#/]$",
        description="where docs/runbooks can be opened by whoever is told of an alert",
    )

    grafana_url: str = Field(
        "",
        pattern=r"^(https?://[^\s\"'#]*[^\s\"'#/])?$",
        description="where operations find the dashboards of infra/grafana",
    )
    targets_file: Path | None = Field(
        None,
        description="who answers /ready and /metrics, as Prometheus reads it; the processes of this host if not set",
    )

    kafka_bootstrap: str = Field("127.0.0.1:19092", description="host:port[,host:port]")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ca_file: Path | None = Field(None, description="PEM of who signed the brokers' certificates")
    kafka_certificate_file: Path | None = Field(None, description="PEM of this client, for mutual TLS")
    kafka_key_file: Path | None = Field(None, description="PEM of this client's key, for mutual TLS")
    logins_file: Path | None = Field(
        None, description="passwords of every login of Kafka and the registry, JSON, mode 0600: for `prepare` only"
    )
    department_bytes_per_second: int = Field(
        4_194_304, ge=1, description="that a department with a Kafka login of its own may write, and read, at a broker"
    )
    replication_factor: int = Field(1, ge=1, description="copies of each topic that we make; 3 in production")
    partitions: int = Field(4, ge=1, description="of each topic; changing it later is a rebuild")
    group_protocol: Literal["consumer", "classic"] = Field("consumer", description="consumer is KIP-848")
    topic_prefix: str = Field("", pattern=r"^[a-z0-9._-]*$", description="before each topic name; tests use it")
    commit_interval_ms: int = Field(100, ge=1, description="a stage's transaction is at most this long")
    commit_every_records: int = Field(5_000, ge=1, description="or this many input records")
    misjudged_a_minute: int = Field(5, ge=0, description="subjects that a rule may fail on before its stage stops")

    clock_interval_seconds: float = Field(1.0, gt=0, description="between two ticks of the city's clock")

    clock_jump_seconds: float = Field(
        300, gt=0, description="a tick so far ahead of the last one and of the broker's own time is told, not published"
    )

    office_hours: OfficeHours = Field(
        ((time(8, 30), time(12)), (time(14), time(17, 30))),
        description="when offices are open on a working day; working hours count these: 08:30-12:00,14:00-17:30",
    )

    shift_hours: OfficeHours = Field(
        ((time(8), time(18)),),
        description="shifts of grid workers, into which their routes are planned; at other hours one of 8 hours begins",
    )

    call_next_seconds: int = Field(
        60, ge=1, description="a call for help that nobody has acknowledged goes to the next worker and the desk"
    )
    call_within_metres: int = Field(5_000, ge=1, description="a worker who is farther from a call is not told of it")
    call_position_seconds: int = Field(
        600, ge=1, description="a tablet's position is forgotten after so long, and is worth nothing for a call"
    )

    push_services: str = Field(
        "",
        description="hosts of the browsers' services that may be asked to notify a tablet (Web Push), by comma, such "
        "as updates.push.services.mozilla.com,*.push.apple.com; none: nothing leaves the installation",
    )
    push_contact: str = Field(
        "mailto:operations@citygrid.invalid",
        pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$",
        description="whom a push service writes to when something is wrong: mailto:… or https://…",
    )
    vapid_key_file: Path | None = Field(
        None, description="signs pushes (VAPID), PEM, mode 0600; secrets/vapid.key of the state folder if not set"
    )

    live_since: datetime = Field(
        datetime(1970, 1, 1, tzinfo=UTC), description="going live: findings that rest only on older facts are held back"
    )

    registry_url: str = Field(
        "http://127.0.0.1:18081/apis/ccompat/v7", description="the Confluent-compatible API's root"
    )
    registry_username: str | None = None
    registry_password: SecretStr | None = None

    database_owner_dsn: SecretStr | None = Field(None, description="role citygrid_owner: migrations")
    database_sinks_dsn: SecretStr | None = Field(None, description="role citygrid_sinks: sinks, outbox")
    database_api_dsn: SecretStr | None = Field(None, description="role citygrid_api: functions only, no table")
    database_doors_dsn: SecretStr | None = Field(None, description="role citygrid_doors: gateway and devices")
    database_admin_dsn: SecretStr | None = Field(None, description="a superuser: backup and restore only")

    pseudonym_key_file: Path | None = Field(None, description="the key for identity numbers, mode 0600")

    backup_key_file: Path | None = Field(
        None, description="signs backups, never in one; ~/.config/citygrid/backup.key if not set, made by the first"
    )

    snapshot_withdraws_share: float = Field(
        0.05, ge=0, le=1, description="of what is known, that a snapshot may withdraw without --withdraw-many"
    )

    host: str = Field("127.0.0.1", description="what API and metrics ports bind to; 0.0.0.0 in a container")
    hosts: str = Field(
        "", description="names by which pages, API and gateway are reached, by comma; those of loopback always are"
    )
    api_port: int = Field(18080, ge=1, le=65535)
    api_metrics_port: int = Field(18090, ge=0, le=65535, description="/metrics of the API, for Prometheus; 0: none")
    api_connections: int = Field(10, ge=2, description="of one API process to the database")
    api_requests_per_second: float = Field(
        50, gt=0, description="of one address, on average; four seconds' worth at once"
    )
    base_map: Path | None = Field(
        None, description="the city's vector tiles under the maps, one PMTiles file; none: areas and pins alone"
    )
    api_body_bytes: int = Field(65_536, ge=1_024, description="the longest body of a request")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="where phones reach the pages, such as https://grid.example.gov.cn: stands on door plates",
    )
    photo_bytes: int = Field(4_194_304, ge=65_536, description="the largest photo that is taken in")
    photos_url: str = Field(
        "",
        pattern=r"^((file:///|s3://[a-z0-9])\S*)?$",
        description="where photos lie: file:///folder or s3://bucket/prefix; a folder of the state folder if not set",
    )
    photos_s3_endpoint: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="of a store that speaks S3, for s3:// addresses; Amazon's if not set",
    )
    photos_s3_region: str = "us-east-1"
    photos_s3_key: SecretStr | None = None
    photos_s3_secret: SecretStr | None = None
    photos_s3_sse: bool = Field(False, description="the store encrypts each photo (SSE-S3)")
    login_attempts_per_name: int = Field(
        10, ge=1, description="wrong ones of one address and name before each next one waits, up to a minute"
    )
    login_attempts_per_address: int = Field(
        100, ge=1, description="wrong ones before an address waits; an office shares one"
    )
    session_hours: float = Field(12, gt=0, le=24, description="after which one logs in again, in use or not")
    session_idle_minutes: float = Field(60, gt=0, description="without use, after which one logs in again")
    api_proxies: str = Field("", description="addresses of reverse proxies whose X-Forwarded-For is believed, by comma")
    stream_limit: int = Field(500, ge=1, description="open live streams of one API process")
    streams_per_account: int = Field(10, ge=1, description="open live streams of one account in one API process")
    stream_recheck_seconds: float = Field(
        30, gt=0, description="how often a stream looks whether its account still is one"
    )
    stream_heartbeat_seconds: float = Field(15, gt=0, description="a comment line, so that nothing between gives up")

    gateway_port: int = Field(18070, ge=1, le=65535, description="the departments' and devices' HTTP door")
    gateway_requests_per_second: float = Field(
        20, gt=0, description="of one key, on average; four seconds' worth at once"
    )
    gateway_body_bytes: int = Field(4_194_304, ge=1_024, description="the longest body of a request to the gateway")
    gateway_statements: int = Field(1_000, ge=1, description="in one request to the gateway")
    gateway_numbers_per_day: int = Field(
        200_000,
        ge=1,
        description="identity numbers that one key may state in a day, a statement without any counts as one; "
        "`citygrid keys limit` gives a key another",
    )
    gateway_patience_seconds: float = Field(
        10, ge=1, le=25, description="for Kafka to acknowledge; then the gateway answers 503"
    )
    device_window_seconds: int = Field(
        86_400, ge=1, description="a device's message that was signed longer ago is not taken any more"
    )
    device_requests_per_second: float = Field(
        2, gt=0, description="of one device, on average; a minute's worth at once"
    )
    mqtt_url: str | None = Field(None, description="mqtt://host:1883 or mqtts://host:8883; none: no devices by MQTT")
    mqtt_username: str | None = None
    mqtt_password: SecretStr | None = None
    mqtt_ca_file: Path | None = Field(None, description="PEM of who signed the MQTT broker's certificate")
    mqtt_certificate_file: Path | None = Field(None, description="PEM of this client, for mutual TLS")
    mqtt_key_file: Path | None = Field(None, description="PEM of this client's key, for mutual TLS")
    mqtt_client: str = Field("citygrid-devices", min_length=1, description="the name of the broker's session for us")
    mqtt_topic: str = Field(
        "citygrid/devices", pattern=r"^[^+#\x00]+$", description="devices publish to TOPIC/department/device"
    )

    worker_port: int = Field(19100, ge=1, le=65535, description="/live /ready /metrics of a worker")
    worker_ports: dict[str, int] = Field(default_factory=dict, description="by process name, where many share a host")

    worker_instance: str = Field("", pattern=r"^[a-z0-9-]*$", description="tells two workers of a stage apart")

    local_logins: bool = Field(
        False, description="Kafka and registry of the local stack ask everybody for a login, as in containers"
    )
    local_kafka_port: int = Field(19092, ge=1, le=65535, description="of the local stack")
    local_controller_port: int = Field(19093, ge=1, le=65535, description="of the local stack")
    local_registry_port: int = Field(18081, ge=1, le=65535, description="of the local stack")
    local_registry_management_port: int = Field(18082, ge=1, le=65535, description="of the local stack")
    local_postgres_port: int = Field(15432, ge=1, le=65535, description="of the local stack")

    @model_validator(mode="after")
    def _production_is_earnest(self) -> Self:
        if self.mode == "production":
            faults = production.faults(self)
            if faults:
                raise ValueError("\n".join(faults))
        return self

    @field_validator("mqtt_url")
    @classmethod
    def _is_mqtt(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "mqtt://localhost")
        try:
            if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.port == 0:
                raise ValueError
        except ValueError:
            raise ValueError("must be mqtt://host:port or mqtts://host:port") from None
        return url or None

    @field_validator("office_hours", "shift_hours", mode="before")
    @classmethod
    def _are_hours(cls, hours: object) -> object:
        if not isinstance(hours, str):
            return hours
        try:
            spans = [[time.fromisoformat(edge.strip()) for edge in span.split("-")] for span in hours.split(",")]
            edges = [edge for span in spans for edge in span]
            if any(len(span) != 2 for span in spans) or any(a >= b for a, b in pairwise(edges)):
                raise ValueError
        except ValueError:
            raise ValueError("must be times of a day in their order, such as 08:30-12:00,14:00-17:30") from None
        return spans

    @field_serializer("office_hours", "shift_hours")
    def _as_written(self, hours: OfficeHours) -> str:
        return ",".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours)

    def port_of(self, process: str) -> int:
        """The port of `/live`, `/ready` and `/metrics` of the process of this name (see `processes/inventory.py`)."""
        return self.worker_ports.get(process, self.worker_port)

    @property
    def copies_acknowledged(self) -> int:
        """How many copies of a record there are when Kafka acknowledges it (`min.insync.replicas`): two where there are
        two or more, so that no broker's death loses one, and of three one may be away."""
        return min(2, self.replication_factor)

    def kafka_client(self) -> dict[str, str | int | float | bool]:
        """What every librdkafka client of ours is configured with: where the cluster is and how to log in."""
        client: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.kafka_bootstrap,
            "security.protocol": self.kafka_security_protocol,
            "log_level": 5,  # notices and worse: the rest is librdkafka's housekeeping
        }
        if self.kafka_security_protocol.startswith("SASL"):
            client["sasl.mechanism"] = self.kafka_sasl_mechanism
            client["sasl.username"] = self.kafka_sasl_username or ""
            client["sasl.password"] = _plain(self.kafka_sasl_password)
        if self.kafka_ca_file:
            client["ssl.ca.location"] = str(self.kafka_ca_file)
        if self.kafka_certificate_file:
            client["ssl.certificate.location"] = str(self.kafka_certificate_file)
        if self.kafka_key_file:
            client["ssl.key.location"] = str(self.kafka_key_file)
        return client

    def dsn(self, role: Literal["owner", "sinks", "api", "doors", "admin"]) -> str:
        """The connection string of a database role. Raises SettingsRefused if this installation has none."""
        secret: SecretStr | None = getattr(self, f"database_{role}_dsn")
        if secret is None:
            name = f"CITYGRID_DATABASE_{role.upper()}_DSN"
            raise SettingsRefused(
                f"{name} is not set: this process logs in as the database role '{role}'. Set it, or start the local "
                f"stack with `make up`, which writes it into {self.state_dir / 'citygrid.env'}."
            )
        return secret.get_secret_value()


def load(env_file: Path | None = None) -> Settings:
    """The settings of this process, from the sources that `runtime/setting_sources.py` lists; `env_file` stands in for
    `CITYGRID_ENV_FILE`. Raises SettingsRefused."""
    return loaded(Settings, env_file)


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
