"""Social security numbers are found in columns of integers and in refused rows too."""

import numpy as np

from egide.stages.arrive.nir import NirWatch
from egide.synth.hospital import nir_key

NUMBERS = [body + nir_key(body) for body in ("1820236195988", "2990175116001", "1551299352123")]


def test_in_a_column_of_integers() -> None:
    assert NirWatch().look_at_numbers("X", np.array([*map(int, NUMBERS), 5, 10**15]))
    assert not NirWatch().look_at_numbers("X", np.arange(1000))
    assert not NirWatch().look_at_numbers("X", np.array([int(n) + 1 for n in NUMBERS]))


def test_in_a_refused_row_whatever_its_cells() -> None:
    line = f"a;{NUMBERS[0]};b;{NUMBERS[1]};{NUMBERS[2]};1"
    assert NirWatch().look_at_line(line.encode())
    assert not NirWatch().look_at_line(b"a;123456789012345;223456789012345;323456789012345;b")
    assert not NirWatch().look_at_line(f"9{NUMBERS[0]};8{NUMBERS[1]}7;x{NUMBERS[2]}".encode())
