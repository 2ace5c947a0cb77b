"""A headless Chromium, driven over its DevTools pipe: nothing but the browser and the standard library."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)


class Browser:
    """One page of it. `said`: what went to its console, what threw, and what its policy refused."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read, self._number, self._left = write, read, 0, b""
        self.said: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.page(f"{domain}.enable")

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Carries out one method, and returns its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == number:
                assert "error" not in found, found
                result: dict[str, Any] = found["result"]
                return result

    def page(self, method: str, **params: Any) -> dict[str, Any]:
        """The same, of the page."""
        return self.call(method, self._session, **params)

    def open(self, path: Path, width: int, height: int, media: str = "screen") -> None:
        """Loads a file in a window of that size, and waits until it is drawn."""
        self.said.clear()
        self.page("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.page("Emulation.setEmulatedMedia", media=media)
        self.page("Page.navigate", url=path.as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def value(self, expression: str) -> Any:
        """What an expression comes to in the page."""
        found = self.page("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def pdf(self) -> bytes:
        """The page, printed."""
        return base64.b64decode(self.page("Page.printToPDF", preferCSSPageSize=True)["data"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            some = os.read(self._read, 1 << 20)
            assert some, "the browser has gone"
            self._left += some
        one, _, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(one)
        if found.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.said.append(json.dumps(found["params"])[:500])
        if found.get("method") == "Network.requestWillBeSent":
            url = found["params"]["request"]["url"]
            if not url.startswith("file:"):
                self.said.append(f"asked for {url[:200]}")
        return found


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """A browser with a profile of its own, gone afterwards."""
    assert CHROMIUM is not None
    into, out = os.pipe(), os.pipe()  # DevTools reads from descriptor 3 and writes to 4
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:

        def place() -> None:
            os.dup2(into[0], 13)
            os.dup2(out[1], 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        ran = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={profile}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=place,  # noqa: PLW1509 the descriptors must be these two
            close_fds=False,
        )
        os.close(into[0])
        os.close(out[1])
        try:
            yield Browser(into[1], out[0])
        finally:
            ran.terminate()
            ran.wait(20)
            os.close(into[1])
            os.close(out[0])
