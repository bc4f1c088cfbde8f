"""`python -m glia.server.openapi` prints the API's description, from which `npm run types` makes the pages' types."""

import json
import sys
from pathlib import Path

from glia.server.app import create_app


def description() -> str:
    """OpenAPI as JSON, in a fixed order, so that a change of the API is a change of the text."""
    return json.dumps(create_app(Path(".glia")).openapi(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
