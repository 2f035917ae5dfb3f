"""One connection to the MQTT 5 broker under a session that outlives it: what is not acknowledged comes again.

The session is the broker's, under our name: while we are away it keeps devices' messages, and gives those again that we
had taken but not acknowledged. So a lost connection needs no care: close, open anew.
"""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from producers.doors.device_messages import Message
from runtime.settings import Settings

SESSION_S = 7 * 86_400
"""How long the broker keeps messages for us while we are away."""
IN_HAND_AT_MOST = 200
"""Messages that the broker gives before one is acknowledged."""
PATIENCE_S = 10.0
KEEPALIVE_S = 20
PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerAway(Exception):
    """The MQTT broker does not answer, or refuses us; the message says which."""


class Subscription:
    """Open it, take messages, acknowledge them, close it; one connection long. Raises BrokerAway once that is lost."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._got: queue.SimpleQueue[MQTTMessage] = queue.SimpleQueue()
        self._subscribed = threading.Event()
        self._lost: str | None = None
        url = urlsplit(settings.mqtt_url or "")
        self._host, self._port = url.hostname or "", url.port or PORTS[url.scheme]
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.mqtt_client,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if settings.mqtt_username:
            password = settings.mqtt_password.get_secret_value() if settings.mqtt_password else None
            self._client.username_pw_set(settings.mqtt_username, password)
        if url.scheme == "mqtts":
            self._client.tls_set(
                _path(settings.mqtt_ca_file), _path(settings.mqtt_certificate_file), _path(settings.mqtt_key_file)
            )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = lambda _client, _userdata, message: self._got.put(message)

    def open(self) -> None:
        """Return once the broker gives us what devices publish. Raises BrokerAway."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_S
        properties.ReceiveMaximum = IN_HAND_AT_MOST
        try:
            self._client.connect(self._host, self._port, KEEPALIVE_S, clean_start=False, properties=properties)
        except OSError as away:  # TLS's errors are among them
            raise BrokerAway(f"the MQTT broker does not answer ({type(away).__name__})") from None
        self._client.loop_start()
        if not self._subscribed.wait(PATIENCE_S):
            raise BrokerAway("the MQTT broker did not let us subscribe in time")
        self._raise_if_lost()

    def take(self, at_most: int, patience: float) -> list[MQTTMessage]:
        """What came, in the broker's order; waits at most `patience` seconds for the first. Raises BrokerAway."""
        taken: list[MQTTMessage] = []
        try:
            taken.append(self._got.get(timeout=patience))
            while len(taken) < at_most:
                taken.append(self._got.get_nowait())
        except queue.Empty:
            pass
        self._raise_if_lost()
        return taken

    def acknowledge(self, messages: list[MQTTMessage]) -> None:
        """The broker may forget them. An acknowledgement that is lost brings the message again."""
        for message in messages:
            self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        """Leave the broker; the session stays."""
        self._client.disconnect()
        self._client.loop_stop()

    def _raise_if_lost(self) -> None:
        if self._lost:
            raise BrokerAway(self._lost)

    def _on_connect(
        self, client: Client, _userdata: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._lose(f"the MQTT broker refuses us: {reason}")
            return
        # what a device left "retained" is old: it would come at every start
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        client.subscribe(f"{self._settings.mqtt_topic}/+/+", options=options)

    def _on_subscribe(
        self, _client: Client, _userdata: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._lose(f"the MQTT broker does not let us subscribe: {reasons[0]}")
        self._subscribed.set()

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._lose(f"the connection to the MQTT broker was lost: {reason}")

    def _lose(self, why: str) -> None:
        self._lost = self._lost or why
        self._subscribed.set()


def _path(file: Path | None) -> str | None:
    return str(file) if file else None


def message_of(received: MQTTMessage) -> Message:
    """A device's message: department and device are the topic's last two levels, the rest user properties."""
    try:
        department, device = received.topic.rsplit("/", 2)[1:]
    except (UnicodeDecodeError, ValueError):
        department = device = ""
    properties = dict(getattr(received.properties, "UserProperty", None) or [])
    return Message(
        department,
        device,
        properties.get("sequence", ""),
        properties.get("sent_at", ""),
        properties.get("signature", ""),
        bytes(received.payload),
    )
