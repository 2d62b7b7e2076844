"""One act in this very process, for whoever traces it: `python -m support_crash.act NAME '{"argument": ...}'`."""

import json
import sys

from support_crash.acts import ACTS

if __name__ == "__main__":
    ACTS[sys.argv[1]](**json.loads(sys.argv[2]))
