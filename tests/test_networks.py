"""An address, and the network that is left of it."""

from __future__ import annotations

import pytest

from milepost.networks import network


@pytest.mark.parametrize(
    ("address", "truncated"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_an_address_is_truncated_to_its_network(address: str, truncated: str) -> None:
    assert network(address) == truncated
