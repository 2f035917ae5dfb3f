"""What is said on the wire: contracts, Avro readers and writers, the registry, topics, the catalogue."""
