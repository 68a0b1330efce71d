"""A headless Chromium, driven by the DevTools protocol over two pipes.

Nothing but Debian's package chromium and Python is needed: no driver program, no port, no
websocket (https://chromedevtools.github.io/devtools-protocol/).
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

# What Chromium wants to know of a key besides its name.
KEY_CODES = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "End": 35, "Home": 36, "ArrowLeft": 37,
             "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
KEY_TEXTS = {"Enter": "\r", " ": " "}
SHIFT = 8


class Chromium:
    def __init__(self, program: str | None = None):
        program = program or shutil.which("chromium")
        if not program:
            raise SystemExit("chromium: not found; install Debian's package chromium")
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, ours_out = (self._high(fd) for fd in os.pipe())
        ours_in, theirs_out = (self._high(fd) for fd in os.pipe())
        self._in, self._out = ours_in, ours_out
        # As root, and where a container has a small /dev/shm or no GPU, too.
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--no-first-run", "--disable-extensions", "--disable-background-networking",
                   "--disable-component-update", "--force-color-profile=srgb", "--hide-scrollbars",
                   f"--user-data-dir={self._folder.name}", "--remote-debugging-pipe"]
        self._log = open(Path(self._folder.name) / "log", "w+b")
        # Chromium reads from 3 and writes to 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash",
             program, *options, "about:blank"],
            pass_fds=(theirs_in, theirs_out), env={**os.environ, "HOME": self._folder.name},
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest = b""
        self._last_id = 0
        self.events: list[dict] = []

    @staticmethod
    def _high(fd: int) -> int:
        """Out of the way of 3 and 4."""
        moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(fd)
        return moved

    def close(self) -> None:
        try:
            self.call("Browser.close", timeout_s=5)
            self._process.wait(10)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._log.close()
        self._folder.cleanup()

    def _receive(self, deadline: float) -> dict | None:
        """The next message; None if none came until the deadline."""
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return None
            piece = os.read(self._in, 1 << 20)
            if not piece:
                self._log.seek(0)
                log = self._log.read()[-2000:].decode(errors="replace")
                raise RuntimeError(f"chromium ended: {log}")
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method: str, params: dict | None = None, session: str | None = None,
             timeout_s: float = 60) -> dict:
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data):]
        deadline = time.monotonic() + timeout_s
        while answer := self._receive(deadline):
            if answer.get("id") == self._last_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)
        raise RuntimeError(f"{method}: no answer within {timeout_s} s")


class Page:
    """A tab, and what went wrong in it since it was opened."""

    def __init__(self, browser: Chromium, width: int = 1280, height: int = 900):
        self._browser = browser
        target = browser.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._target = target
        self._session = browser.call("Target.attachToTarget",
                                     {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.resize(width, height)

    def call(self, method: str, **params) -> dict:
        return self._browser.call(method, params, self._session)

    def close(self) -> None:
        self._browser.call("Target.closeTarget", {"targetId": self._target})

    def resize(self, width: int, height: int = 900, scale: float = 1) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=width < 600)
        self.call("Emulation.setTouchEmulationEnabled", enabled=width < 600)

    def media(self, media: str = "", **features: str) -> None:
        """media("print"), media(prefers_color_scheme="dark")"""
        self.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def open(self, path: Path) -> None:
        self._browser.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait("document.readyState === 'complete' && !!document.querySelector('main, .fault')")
        self.settle()

    def evaluate(self, expression: str):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def one(self, selector: str, what: str):
        """`what` of the first element, which it calls `it`: one("h1", "it.textContent")"""
        return self.evaluate(f"((it) => {what})(document.querySelector({json.dumps(selector)}))")

    def each(self, selector: str, what: str) -> list:
        return self.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].map((it) => {what})")

    def wait(self, condition: str, timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while not self.evaluate(condition):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {timeout_s} s: {condition}")
            time.sleep(0.02)

    def settle(self) -> None:
        """Until what was asked for is on the screen."""
        self.evaluate("""new Promise((done) =>
            requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))""")

    def press(self, key: str, modifiers: int = 0) -> None:
        text = KEY_TEXTS.get(key, key if len(key) == 1 else "")
        code = KEY_CODES.get(key, ord(key.upper()[0]) if len(key) == 1 else 0)
        keys = {"key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown",
                  **keys, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **keys)

    def mouse(self, kind: str, x: float, y: float) -> None:
        """kind: "Pressed", "Moved" or "Released", with the left button."""
        self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button="left",
                  buttons=0 if kind == "Released" else 1, clickCount=1)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """kind: "Start", "Move" or "End" (which has no points)."""
        self.call("Input.dispatchTouchEvent", type=f"touch{kind}",
                  touchPoints=[{"x": x, "y": y} for x, y in points])

    def faults(self) -> list[str]:
        """Exceptions, messages of the console, requests that left the file or failed."""
        self.settle()
        found = []
        for event in self._browser.events:
            if event.get("sessionId") != self._session:
                continue
            method, params = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                found.append(details.get("exception", {}).get("description", details["text"]))
            elif method == "Runtime.consoleAPICalled":
                found.append(f"console.{params['type']}: {params['args']}")
            elif method == "Log.entryAdded":
                found.append(f"log: {params['entry']['text']}")
            elif method == "Network.loadingFailed":
                found.append(f"failed: {params['errorText']}")
            elif method == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("file:", "data:")):
                    found.append(f"request: {url[:200]}")
        return found

    def screenshot(self, path: Path, whole: bool = False) -> None:
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                             clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"],
                                   "scale": 1})["data"]
        path.write_bytes(base64.b64decode(data))
