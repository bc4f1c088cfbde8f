"""A POST to an address that somebody wrote into a setting, so that it reaches nothing but what it was meant to reach.

A webhook's address may lead to this machine, to the network behind it, or to the cloud's own table of credentials. So
the name is resolved once, every address found must be a public one (or listed), and the connection goes to the address
that was checked: a name that answers differently the second time gains nothing. Redirects are not followed, proxies not
used.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from glia.errors import ConfigError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
MOST_OF_AN_ANSWER = 4096


@dataclass(frozen=True)
class Webhook:
    """Where to post: the parts of an address, and the private places it may lead to."""

    scheme: str
    host: str
    port: int
    path: str
    listed: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    @classmethod
    def read(cls, url: str, listed: Iterable[str] = ()) -> "Webhook":
        """From an address as it is written.

        Args:
            url: `https://…` or `http://…`.
            listed: addresses or networks that are allowed although they are private.

        Raises:
            ConfigError: not such an address.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
        except ValueError:
            raise ConfigError("The address is no URL.") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("The address does not begin with https:// or http:// and a host.")
        if parts.username is not None:
            raise ConfigError("The address has a user name in it; webhooks carry their secret in the path.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not path.isascii() or not path.isprintable() or " " in path:
            raise ConfigError("The address has a character in its path that a URL cannot have.")
        try:
            networks = tuple(ipaddress.ip_network(each, strict=False) for each in listed)
        except ValueError as error:
            raise ConfigError(f"private_addresses: {error}. Write 10.0.3.7 or 192.168.0.0/16.") from None
        return cls(parts.scheme, parts.hostname, port, path, networks)


def post(webhook: Webhook, body: bytes, *, timeout: float) -> None:
    """Send JSON.

    Args:
        webhook: where to.
        body: what.
        timeout: seconds that connecting, and each answer, may take.

    Raises:
        ConfigError: the host is a private address that is not listed, or the answer is not 2xx.
        OSError: nobody answers.
    """
    address = _checked(webhook)
    connection = _Connection(webhook, address, timeout)
    try:
        headers = {"Content-Type": "application/json", "User-Agent": "glia", "Connection": "close"}
        connection.request("POST", webhook.path, body, headers)
        answer = connection.getresponse()
        answer.read(MOST_OF_AN_ANSWER)
        if not 200 <= answer.status < 300:
            where = " and redirects are not followed" if 300 <= answer.status < 400 else ""
            raise ConfigError(f"it answered {answer.status} {answer.reason}{where}.")
    except http.client.HTTPException as error:
        raise ConfigError(f"its answer is not HTTP: {error!r}.") from None
    finally:
        connection.close()


def is_public(address: Address) -> bool:
    """Whether an address is one of the public Internet, also when it is wrapped in another kind of address."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(wrapped)
    return address.is_global and not address.is_multicast


def _checked(webhook: Webhook) -> Address:
    """The address to connect to."""
    try:
        found = socket.getaddrinfo(webhook.host, webhook.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise ConfigError("there is no such host.") from None
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        plain = getattr(address, "ipv4_mapped", None) or address
        if not is_public(address) and not any(plain in network for network in webhook.listed):
            raise ConfigError(
                f"it leads to {address}, which is no public address. If that is meant, list it in .glia/config.toml: "
                f'private_addresses = ["{address}"].'
            )
    return addresses[0]


class _Connection(http.client.HTTPConnection):
    """Connects to the address that was checked; `Host` and the certificate are those of the name."""

    def __init__(self, webhook: Webhook, address: Address, timeout: float) -> None:
        super().__init__(webhook.host, webhook.port, timeout=timeout)
        self.default_port = {"https": 443, "http": 80}[webhook.scheme]  # else `Host` would name the port
        self._webhook, self._address = webhook, address

    def connect(self) -> None:
        """As `HTTPConnection` does, without asking for the name again."""
        self.sock = socket.create_connection((str(self._address), self.port), self.timeout)
        if self._webhook.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._webhook.host)
