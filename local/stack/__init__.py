"""The local stack: Kafka, schema registry and PostgreSQL as real parts, without Docker or system packages."""
