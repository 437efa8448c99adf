"""A real Exim on loopback, with a configuration and a spool of its own: it relays to a sink, and returns
what the sink refuses, as it would anywhere. No service of the system is started."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CONFIG = """\
primary_hostname = relay.example
qualify_domain = relay.example
spool_directory = {root}/spool
log_file_path = {root}/%slog
pid_file_path = {root}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
dsn_advertise_hosts = *
smtp_accept_max_per_connection = 0
remote_max_parallel = 4
queue_run_max = 2
keep_environment =
acl_smtp_rcpt = accept

begin acl

begin routers
returned:
  driver = accept
  domains = site.example
  transport = maildir
onward:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = to_sink

begin transports
to_sink:
  driver = smtp
  port = {sink}
  allow_localhost
  hosts_try_fastopen =
maildir:
  driver = appendfile
  directory = {root}/returned
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  delivery_date_add
  user = {user}

begin retry
* * F,1s,1s
"""


@dataclass
class Exim:
    """A relay, and the maildir of what came back to site.example."""

    url: str
    returned: Path
    root: Path

    def wait_for(self, number: int) -> None:
        """Until so many mails have come back."""
        deadline = time.monotonic() + 30
        while len(list(self.returned.glob("new/*"))) < number:
            assert time.monotonic() < deadline, (self.root / "mainlog").read_text()
            time.sleep(0.02)


@contextmanager
def exim_before(sink_port: int) -> Iterator[Exim]:
    """An Exim that relays to a port of 127.0.0.1; skips the test where there is none."""
    program = shutil.which("exim4", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or os.geteuid():
        pytest.skip("Exim is not installed, `make peers` does that" if program is None else "only root may run Exim")
    root = Path(tempfile.mkdtemp(prefix="milepost-exim-"))
    root.chmod(0o755)
    for name in ("spool", "returned/new", "returned/cur", "returned/tmp"):
        (root / name).mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = root / "config"
    config.write_text(CONFIG.format(root=root, port=port, sink=sink_port, user="Debian-exim"))
    subprocess.run(["chown", "-R", "Debian-exim:Debian-exim", str(root)], check=True)
    # Exim reads no configuration that anybody else may write.
    subprocess.run(["chown", "root:root", str(config)], check=True)
    config.chmod(0o644)
    with subprocess.Popen(
        [program, "-C", str(config), "-bdf", "-q1s"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            _wait_until_it_listens(port, process)
            yield Exim(f"smtp://127.0.0.1:{port}", root / "returned", root)
        finally:
            process.terminate()
    shutil.rmtree(root, ignore_errors=True)


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, process.stderr and process.stderr.read()
            time.sleep(0.02)
