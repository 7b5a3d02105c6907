"""A worker that sends one message and can be killed while it does: the message comes in, pickled, on standard input."""

from __future__ import annotations

import pickle
import subprocess
import sys

from adapter.model.messages import OutboundMessage
from tests.conformance.office import office_endpoint
from tests.support.terminal import ROOT


def sending(message: OutboundMessage, address: str) -> subprocess.Popen[bytes]:
    """A process of its own that delivers the message to an aid office at an address."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.sending", address], cwd=ROOT, stdin=subprocess.PIPE
    )
    assert worker.stdin is not None
    worker.stdin.write(pickle.dumps(message))
    worker.stdin.close()
    return worker


if __name__ == "__main__":
    office_endpoint(sys.argv[1]).deliver(pickle.load(sys.stdin.buffer))
