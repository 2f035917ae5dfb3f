"""Write `jars.lock` anew: `python -m local.stack.relock`, after a version below was raised.

jgo resolves Kafka's dependencies from their POMs as Maven would. log4j is resolved apart (`!`, raw): its own dependency
management would otherwise pull Kafka's client library back to an older version. Kafka Connect is left out.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.maven import MavenContext

from local.stack.downloads import LOCK

KAFKA = "4.3.1"
LOG4J = "2.25.3"
REGISTRY = "3.3.3"
NOT_NEEDED = ("connect-runtime", "connect-api", "connect-json")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        maven = MavenContext(
            repo_cache=Path(scratch), remote_repos=GlobalSettings.load().repositories or None, timeout=60
        )
        without = [maven.project("org.apache.kafka", name) for name in NOT_NEEDED]
        wanted = [
            maven.create_dependency(f"org.apache.kafka:kafka_2.13:{KAFKA}"),
            maven.create_dependency(f"org.apache.kafka:kafka-tools:{KAFKA}", exclusions=without),
            maven.create_dependency(f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J}!"),
            maven.create_dependency(f"org.apache.logging.log4j:log4j-core:{LOG4J}!"),
        ]
        direct, transitive = maven.resolver.resolve(wanted)
        registry = maven.project("io.apicurio", "apicurio-registry-app").at_version(REGISTRY).artifact("all", "tar.gz")
        rows = [("kafka", dependency.artifact) for dependency in (*direct, *transitive)] + [("registry", registry)]
        lines = ["# part, group:artifact:version:classifier:extension, bytes, SHA-256; see downloads.py and relock.py"]
        for part, artifact in rows:
            content = artifact.resolve().read_bytes()
            name = (artifact.groupId, artifact.artifactId, artifact.version, artifact.classifier, artifact.packaging)
            lines.append(f"{part} {':'.join(name)} {len(content)} {hashlib.sha256(content).hexdigest()}")
    LOCK.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
