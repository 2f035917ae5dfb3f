"""One file a sink; each exports `SINK` (`sinks/sink.py` says what that is)."""
