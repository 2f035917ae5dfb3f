"""What keeps settings from guarding a real city's data: `faults` lists everything, each with what to do about it.

What decides is how a server is spoken to and where it is, never whether a setting is there: off loopback each needs TLS
that checks who answers, and a login. Passwords and keys must not be guessable, and what Kafka acknowledges must lie on
two brokers, wherever the server is.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Generator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

if TYPE_CHECKING:
    from runtime.settings import Settings

SHORTEST_PASSWORD = 12
FEWEST_CHARACTERS = 5
"""Different ones in a password: a random one has more, also of 24 digits."""
FEWEST_BYTES = 16
"""Different ones in a key of 32 bytes: a random one has 28 or more, and fewer than 16 less often than once in 10^15."""
WIDEST_NETWORK = {4: 8, 6: 16}
"""The shortest prefix, by IP version, of a network whose X-Forwarded-For is believed."""
FEWEST_COPIES = 2
"""Of a record that Kafka acknowledges."""
DATABASE_ROLES = ("owner", "sinks", "api", "doors", "admin")
# Of these words, digits and signs are what published examples and other products' defaults set: `Kafka-Secret-2026`.
_WORDS = """
abc abcd abcdef admin administrator alertmanager apicurio api asdf asdfgh broker changeit changeme changethis citygrid
client confluent consumer database db default demo devices doors dragon elastic example foobar gateway grafana guest
hello iloveyou kafka keycloak letmein login master minio monkey mosquitto mqtt my mysql opensesame oracle owner pass
passphrase passw passwd password passwort pg placeholder please postgres postgresql producer production prometheus pwd
qaz qwer qwert qwerty qwertyuiop rabbit redis registry replaceme replacethis root sa sample sasl scram secret secure
service sinks some super superuser system test tester the this todo trustno user username welcome woaini wsx your
zookeeper zxcvbn
"""
WORTHLESS_WORDS = frozenset(_WORDS.split())
_LEET = str.maketrans("013457@$!", "oleastasi")
_NO_LETTER = re.compile(r"[\d\W_]+")
RANDOM_DIGITS = 24
"""A password without a letter must be this long."""


def faults(settings: Settings) -> list[str]:
    """What keeps these settings from guarding a real city's data, a sentence each; no secret stands in any."""
    return [
        *_databases(settings),
        *_kafka(settings),
        *_registry(settings),
        *_collector(settings),
        *_mqtt(settings),
        *_photos(settings),
        *_proxies(settings.api_proxies),
        *_key_files(settings),
    ]


def own_faults(own: BaseSettings) -> list[str]:
    """The same of the settings that one plug-in alone reads: each address in them, and each secret."""
    prefix, found = own.model_config.get("env_prefix", ""), list[str]()
    for field, value in own:
        name = f"{prefix}{field}".upper()
        if isinstance(value, SecretStr):
            found += _password(name, _plain(value), "")
        elif isinstance(value, str) and value.startswith(("http://", "https://")):
            found += _url(name, value, "https", f"{prefix}…")
    return found


def database_faults(name: str, dsn: str) -> list[str]:
    """What is wrong with the PostgreSQL connection string `dsn` of the setting or file `name`."""
    from psycopg import ProgrammingError  # every command reads this file, few of them need PostgreSQL
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    except ProgrammingError:  # its text quotes the string, password and all
        return [f"{name} is no connection string of PostgreSQL: write postgresql://role:password@host:port/database."]
    found = []
    user = parts.get("user", "")
    if "password" in parts or not parts.get("sslcert"):
        found += _password(name, parts.get("password", ""), user)
    if not _all_loopback(_database_hosts(parts)) and parts.get("sslmode") != "verify-full":
        found.append(
            f"{name} reaches a server beyond loopback without checking who answers: add sslmode=verify-full and "
            "sslrootcert=FILE, the certificate of who signed the server's."
        )
    return found


def _databases(settings: Settings) -> Iterator[str]:
    for role in DATABASE_ROLES:
        secret: SecretStr | None = getattr(settings, f"database_{role}_dsn")
        if secret is not None:
            yield from database_faults(f"CITYGRID_DATABASE_{role.upper()}_DSN", secret.get_secret_value())


def _database_hosts(parts: dict[str, str]) -> list[str]:
    """Where libpq connects: `hostaddr` before `host`, else the environment's; a service file may name any."""
    if "service" in parts or os.environ.get("PGSERVICE"):
        return ["(of a service file)"]
    for value in (parts.get("hostaddr"), os.environ.get("PGHOSTADDR"), parts.get("host"), os.environ.get("PGHOST")):
        if value:
            return [host for host in value.split(",") if host and host[0] not in "/@"]  # a folder of Unix sockets
    return []


def _kafka(settings: Settings) -> Iterator[str]:
    protocol = settings.kafka_security_protocol
    certificate = settings.kafka_certificate_file and settings.kafka_key_file
    away = not _all_loopback([_host(server) for server in settings.kafka_bootstrap.split(",")])
    if away and not (protocol == "SASL_SSL" or (protocol == "SSL" and certificate)):
        yield (
            f"CITYGRID_KAFKA_SECURITY_PROTOCOL is {protocol}, and CITYGRID_KAFKA_BOOTSTRAP is beyond loopback: set "
            "SASL_SSL with a user, or SSL with CITYGRID_KAFKA_CERTIFICATE_FILE and CITYGRID_KAFKA_KEY_FILE."
        )
    if settings.copies_acknowledged < FEWEST_COPIES:
        yield (
            f"CITYGRID_REPLICATION_FACTOR is {settings.replication_factor}, so that Kafka acknowledges what one broker "
            "alone has, and a disk can lose: set 3, on a cluster of three brokers or more."
        )
    if protocol.startswith("SASL"):
        yield from _login("CITYGRID_KAFKA_SASL", settings.kafka_sasl_username, settings.kafka_sasl_password)


def _registry(settings: Settings) -> Iterator[str]:
    away = yield from _url("CITYGRID_REGISTRY_URL", settings.registry_url, "https", "CITYGRID_REGISTRY_USERNAME")
    if away or settings.registry_username:
        yield from _login("CITYGRID_REGISTRY", settings.registry_username, settings.registry_password)


def _collector(settings: Settings) -> Iterator[str]:
    if not settings.otlp_endpoint:
        return
    name = "CITYGRID_OTLP_AUTHORIZATION"
    away = yield from _url("CITYGRID_OTLP_ENDPOINT", settings.otlp_endpoint, "https", name)
    if away or settings.otlp_authorization:
        login = _plain(settings.otlp_authorization)
        yield from _password(name, login.partition(" ")[2] or login, "")


def _photos(settings: Settings) -> Iterator[str]:
    if settings.public_url and not settings.public_url.startswith("https://"):
        yield "CITYGRID_PUBLIC_URL stands on door plates and is no https:// address: phones would be seen on the way."
    if not settings.photos_url.startswith("s3://") or not settings.photos_s3_endpoint:
        return
    name = "CITYGRID_PHOTOS_S3_SECRET"
    yield from _url("CITYGRID_PHOTOS_S3_ENDPOINT", settings.photos_s3_endpoint, "https", name)
    yield from _password(name, _plain(settings.photos_s3_secret), _plain(settings.photos_s3_key))


def _mqtt(settings: Settings) -> Iterator[str]:
    if not settings.mqtt_url:
        return
    away = yield from _url("CITYGRID_MQTT_URL", settings.mqtt_url, "mqtts", "CITYGRID_MQTT_USERNAME")
    certificate = settings.mqtt_certificate_file and settings.mqtt_key_file
    if settings.mqtt_username or (away and not certificate):
        yield from _login("CITYGRID_MQTT", settings.mqtt_username, settings.mqtt_password)


def _url(name: str, url: str, scheme: str, login: str) -> Generator[str, None, bool]:
    """Faults of a server's address; returns whether it is beyond loopback."""
    parts = urlsplit(url)
    away = not _all_loopback([parts.hostname or ""])
    if away and parts.scheme != scheme:
        yield f"{name} is {parts.scheme}:// to a server beyond loopback: set {scheme}://…, and give it a certificate."
    if parts.username or parts.password:
        yield f"{name} holds a login, and addresses are shown: take it out and set {login}."
    return away


def _login(prefix: str, user: str | None, password: SecretStr | None) -> Iterator[str]:
    if not user:
        yield f"{prefix}_USERNAME is not set: give this installation a user of its own there."
    yield from _password(f"{prefix}_PASSWORD", _plain(password), user or "")


def _password(name: str, password: str, user: str) -> list[str]:
    why = guessable(password, user)
    return [f"{name}: {why}: set a random one, such as `openssl rand -base64 24` prints."] if why else []


def guessable(password: str, user: str = "") -> str | None:
    """Why somebody would guess the password of `user`, or None."""
    folded = password.casefold()
    named = _NO_LETTER.sub("", user.casefold())
    only_known_words = re.compile(f"(?:{'|'.join(sorted({*WORTHLESS_WORDS, named} - {''}))})+")
    spellings = {_NO_LETTER.sub("", folded), _NO_LETTER.sub("", folded.strip("0123456789!@#$%._- ").translate(_LEET))}
    digits = _NO_LETTER.fullmatch(folded) and len(folded) < RANDOM_DIGITS
    if not password:
        return "there is no password"
    if len(password) < SHORTEST_PASSWORD:
        return f"the password is shorter than {SHORTEST_PASSWORD} characters"
    if digits or any(map(only_known_words.fullmatch, spellings)) or _is_pattern(password.encode(), FEWEST_CHARACTERS):
        return "the password is a well-known one or a pattern"
    return None


def _is_pattern(text: bytes, fewest: int) -> bool:
    """Whether it has fewer different bytes than `fewest`, repeats a shorter text, or counts up or down."""
    steps = {(after - before) % 256 for before, after in pairwise(text)}
    return len(set(text)) < fewest or text in (text + text)[1:-1] or len(steps) <= 2


def _proxies(listed: str) -> Iterator[str]:
    for word in filter(None, (part.strip() for part in listed.split(","))):
        try:
            network = ipaddress.ip_network(word, strict=False)
        except ValueError:
            network = None
        if network is None or network.prefixlen < WIDEST_NETWORK[network.version]:
            yield (
                f"CITYGRID_API_PROXIES names {word!r}, so that anybody may say whose address it is: list the addresses "
                "or networks of your own reverse proxies, by comma."
            )


def _key_files(settings: Settings) -> Iterator[str]:
    for name in ("pseudonym_key_file", "kafka_key_file", "mqtt_key_file", "logins_file", "vapid_key_file"):
        file: Path | None = getattr(settings, name)
        if file is None:
            continue
        setting = f"CITYGRID_{name.upper()} ({file})"
        try:
            private = file.is_file() and not file.stat().st_mode & 0o077
            text = file.read_text("ascii", "replace")
        except OSError:
            private = False
        if not private:
            yield f"{setting} must be a file that only its owner can read: chmod 600."
        elif name == "pseudonym_key_file" and any(map(_is_weak_key, text.split("\n"))):
            yield (
                f"{setting} holds a key that is not random, so that everybody's pseudonym can be computed: take one "
                "that `citygrid secrets init` made before the first event; with data there already that is a rotation."
            )


def _is_weak_key(line: str) -> bool:
    """Whether a line of the key file, `[id] 64 hexadecimal digits`, has a key of a pattern; a wrong line is no key."""
    try:
        key = bytes.fromhex((line.split() or [""])[-1])
    except ValueError:
        return False  # whoever reads the file says which line it is
    return bool(key) and _is_pattern(key, FEWEST_BYTES)


def _host(server: str) -> str:
    """The host of `[protocol://]host[:port]`, without the brackets of an IPv6 address."""
    try:
        return urlsplit(server if "://" in server else f"//{server.strip()}").hostname or ""
    except ValueError:
        return ""


def _all_loopback(hosts: list[str]) -> bool:
    return all(map(_is_loopback, hosts))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
