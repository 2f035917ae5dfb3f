"""Devices by MQTT 5 and TLS through Debian's mosquitto: on the topic once, also if everything dies in the middle."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from local.stack import children
from local.stack.children import Child, Program
from local.stack.ports import free_ports, is_taken
from producers.doors import device_register as devices
from runtime.settings import Settings
from tests.contracts.people import number
from tests.e2e.running import processes, until
from tests.integration.doors.device import Signed, Simulated
from tests.integration.doors.statements import PRESSES, SWIPES, on_topic
from wire.codec import Decoder
from wire.registry import Registry
from wire.topics import ensure_schemas, ensure_topics

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
PASSWORD = "as long as a broker's password should be"


@dataclass
class Broker:
    """A mosquitto with TLS and a login, whose sessions survive it."""

    port: int
    certificate: Path
    program: Program
    child: Child = field(init=False)

    def start(self) -> None:
        self.child = children.start(self.program)
        until(lambda: None if is_taken(self.port) else "mosquitto does not listen", 20)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    certificate, key = folder / "broker.pem", folder / "broker.key"
    subprocess.run(
        ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key),
         "-out", str(certificate)),
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    passwords = folder / "passwords"
    subprocess.run(
        ("mosquitto_passwd", "-b", "-c", str(passwords), "everybody", PASSWORD), check=True, capture_output=True
    )
    (port,) = free_ports(1)
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        # as root it would become a user who may not look into the test's folder; as anybody else it ignores this
        f"user root\nlistener {port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\npassword_file {passwords}\n"
        f"persistence true\npersistence_location {folder}/\nmax_queued_messages 0\nlog_dest stderr\n"
    )
    program = Program("mosquitto", (MOSQUITTO, "-c", str(configuration)), folder, folder / "mosquitto.log")
    made = Broker(port, certificate, program)
    made.start()
    yield made
    made.child.stop()


class Sender:
    """What devices' firmware does: connect with TLS, publish with QoS 1, wait for the broker's acknowledgement."""

    def __init__(self, broker: Broker) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.tls_set(str(broker.certificate))
        self._client.username_pw_set("everybody", PASSWORD)
        connected = Event()
        self._client.on_connect = lambda *_: connected.set()
        self._client.connect("localhost", broker.port)
        self._client.loop_start()
        assert connected.wait(20)

    def send(self, device: Simulated, message: Signed) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = [
            ("sequence", message.sequence), ("sent_at", message.sent_at), ("signature", message.signature)
        ]  # fmt: skip
        topic = f"citygrid/devices/{device.department}/{device.name}"
        self._client.publish(topic, message.body, qos=1, properties=properties).wait_for_publish(20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def send_by_mosquitto_pub(broker: Broker, device: Simulated, message: Signed) -> None:
    """Debian's client publishes as a device would; of ours it has nothing but the bytes and the signature."""
    properties_stated = {"sequence": message.sequence, "sent_at": message.sent_at, "signature": message.signature}
    properties = [word for pair in properties_stated.items() for word in ("-D", "publish", "user-property", *pair)]
    command = (
        "mosquitto_pub", "-V", "mqttv5", "-h", "localhost", "-p", str(broker.port), "--cafile", str(broker.certificate),
        "-u", "everybody", "-P", PASSWORD, "-q", "1", "-t", f"citygrid/devices/{device.department}/{device.name}",
        *properties, "-s",
    )  # fmt: skip
    sent = subprocess.run(command, input=message.body, capture_output=True, timeout=60, check=False)
    assert sent.returncode == 0, sent.stderr.decode()


def cards(settings: Settings) -> list[str]:
    """The cards of all swipes on the topic, in no order, repetitions included."""
    decoder = Decoder(Registry.of(settings), topic_prefix=settings.topic_prefix)
    topic = settings.topic_prefix + SWIPES
    events = [decoder.decode(topic, message.key(), message.value()) for message in on_topic(settings, SWIPES)]
    return [event.change["card"] for event in events]  # type: ignore[union-attr]


def test_swipes_and_presses_by_mqtt(settings: Settings, broker: Broker, tmp_path: Path) -> None:
    ensure_topics(settings)
    ensure_schemas(settings)
    (health,) = free_ports(1)
    here = settings.model_copy(
        update={
            "mqtt_url": f"mqtts://localhost:{broker.port}",
            "mqtt_ca_file": broker.certificate,
            "mqtt_username": "everybody",
            "mqtt_password": PASSWORD,
            "worker_ports": {"devices": health},
        }
    )
    here = Settings(_env_file=None, **here.model_dump())
    gate = Simulated("door-access", "DOOR-1", devices.add(here, "door-access", "DOOR-1", "D-1"))
    bracelet = Simulated("bracelet", "B-1", devices.add(here, "bracelet", "B-1", number(7)))

    def lacking(count: int) -> str | None:
        seen = set(cards(here))
        return None if len(seen) >= count else f"{len(seen)} of {count} swipes are on the topic"

    def ready() -> str | None:
        try:
            answer = httpx.get(f"http://127.0.0.1:{health}/ready", timeout=5)
        except httpx.TransportError as away:
            return type(away).__name__
        return None if answer.status_code == 200 else answer.text

    def counted(outcome: str) -> float:
        text = httpx.get(f"http://127.0.0.1:{health}/metrics", timeout=5).text
        lines = [line for line in text.splitlines() if "citygrid_device_messages_total{" in line and outcome in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    with processes(here, tmp_path) as ours:
        ours.start("devices")
        until(ready, 60)
        sender = Sender(broker)
        first = gate.message("SwipedIn", {"resident": number(1), "card": "0"})
        sender.send(gate, first)
        sender.send(bracelet, bracelet.message("Pressed", {"button": "sos"}))
        until(lambda: lacking(1), 60)
        until(lambda: None if on_topic(here, PRESSES) else "the press is not on its topic", 60)
        send_by_mosquitto_pub(broker, gate, gate.message("SwipedIn", {"card": "401"}))
        until(lambda: lacking(2), 60)

        # recorded on the way and sent again; signed by nobody; of a device that is none
        sender.send(gate, first)
        sender.send(gate, Signed(first.body, "900", first.sent_at, first.signature))
        sender.send(Simulated("door-access", "DOOR-2", gate.key), first)
        until(lambda: None if counted('outcome="taken_already"') == 1 else "the replay is not counted", 30)
        until(lambda: None if counted('outcome="wrong_signature"') == 1 else "the forgery is not counted", 30)
        until(lambda: None if counted('outcome="unknown_device"') == 1 else "the stranger is not counted", 30)

        # killed while messages come: what was not acknowledged comes again
        for index in range(1, 400):
            sender.send(gate, gate.message("SwipedIn", {"card": str(index)}))
            if index in (120, 240):
                ours.kill("devices")
            if index in (150, 300):
                ours.start("devices")
        until(lambda: lacking(401), 90)

        # the broker is killed too; what it had promised to keep, it keeps
        sender.close()
        broker.child.stop()
        broker.start()
        until(ready, 60)
        sender = Sender(broker)
        sender.send(gate, gate.message("SwipedOut", {"card": "400"}))
        until(lambda: lacking(402), 60)
        sender.close()

        log = (tmp_path / "devices.log").read_text()
        assert number(1)[:17] not in log
        assert '"device": "DOOR-2"' not in log, "what was not proven is not named"
    assert sorted(set(cards(here)), key=int) == [str(index) for index in range(402)]
    (bracelet_line, gate_line) = devices.listed(here.dsn("owner"))
    assert (bracelet_line["last_sequence"], gate_line["last_sequence"]) == (1, gate.sequence)
