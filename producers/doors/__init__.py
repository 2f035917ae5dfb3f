"""Doors of departments and devices: `producers/gateway.py` serves them over HTTP, `producers/devices.py` by MQTT."""
