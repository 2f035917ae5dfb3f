"""A city of a million residents is made with the memory of a small one: nothing of it is held."""

import json
import subprocess
import sys

import pytest

from runtime.settings import CHECKOUT

MEASURE = """
import json, resource, sys
from datetime import date
from demo.city import DemoCity
from demo.play import statements
count = sum(1 for _ in statements(DemoCity(11, int(sys.argv[1]), date(2026, 3, 2))))
print(json.dumps([count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def made(residents: int) -> tuple[int, float]:
    """How many statements were made, and the largest memory of the process that made them (MiB)."""
    command = [sys.executable, "-c", MEASURE, str(residents)]
    output = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    count, mebibytes = json.loads(output)
    return count, mebibytes


@pytest.mark.timeout(900)  # a minute of this machine alone
def test_ten_times_as_many_residents_take_no_more_memory() -> None:
    few, small = made(10_000)
    many, large = made(100_000)
    assert many > 9 * few
    assert large < small + 16, f"{small:.0f} MiB for {few} statements, {large:.0f} MiB for {many}"
