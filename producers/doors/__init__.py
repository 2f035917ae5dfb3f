"""Doors of departments and devices, over HTTP (`gateway_process.py`) and by MQTT (`device_process.py`)."""
