"""The HTTP API's OpenAPI document on standard output: `python -m processes.api_description`. No database is asked."""

from __future__ import annotations

import json
import sys

from api.app import create_app, description_of
from runtime.settings import Settings


def main() -> None:
    json.dump(description_of(create_app(Settings(_env_file=None))), sys.stdout, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    main()
