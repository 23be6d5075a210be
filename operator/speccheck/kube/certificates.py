"""The certificate that servers show, read again when its files change, as a mounted Secret's do when it is renewed.

Takes the paths of a PEM chain and its key; gives a TLS context for asyncio, and the pair for gRPC. A pair that does not
fit together, half written perhaps, is passed over until it does.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from speccheck.errors import UsageError

EVERY_S = 5.0

_log = logging.getLogger(__name__)


class Certificates:
    """One certificate. `generation` counts up each time that another is in use."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Raises UsageError where the files hold no certificate with its key."""
        self._chain = chain
        self._key = key
        self.generation = 0
        try:
            self.pair = self._read()
            self.context = self._context()
        except (OSError, ValueError) as error:
            raise UsageError(f"--tls-cert {chain}, --tls-key {key}: {error}") from error

    async def keep(self, every_s: float = EVERY_S) -> None:
        """Look again every so often, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            self.refresh()

    def refresh(self) -> bool:
        """Take what the files hold into use; whether it was another certificate."""
        try:
            pair = self._read()
            if pair == self.pair:
                return False
            self._context()
            self.context.load_cert_chain(self._chain, self._key)
        except (OSError, ValueError) as error:
            _log.warning("the certificate in %s cannot be taken into use, the one before stays: %s", self._chain, error)
            return False
        self.pair = pair
        self.generation += 1
        _log.info("took the certificate in %s into use", self._chain)
        return True

    def _read(self) -> tuple[bytes, bytes]:
        return self._chain.read_bytes(), self._key.read_bytes()

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._chain, self._key, password=_no_password)
        return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; give one without a passphrase")
