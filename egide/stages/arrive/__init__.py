"""First stage: a delivery is verified before a byte of it is used.

`manifest` reads what the holder says it sends, `verify` compares the files with it, `package` opens what came signed
and encrypted, `synthetic` recognises the generator's own deliveries (class C0), `nir` refuses social security numbers.
"""

from egide.stages.arrive.manifest import read_manifest
from egide.stages.arrive.verify import open_file, verify_files

__all__ = ["open_file", "read_manifest", "verify_files"]
