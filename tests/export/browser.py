# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives headless Chromium through chromedriver's WebDriver protocol on loopback; nothing but the standard library."""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run", "--window-size=1280,900"]


class Browser:
    def __init__(self, dark=False):
        self.profile = tempfile.mkdtemp(prefix="ktally-browser-")
        self.session = None
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                       start_new_session=True)
        try:
            self.port = self._port()
            flags = FLAGS + [f"--user-data-dir={self.profile}"] + (["--force-dark-mode"] if dark else [])
            reply = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": flags},
                "goog:loggingPrefs": {"browser": "ALL"}}}})
            self.session = reply["sessionId"]
            if dark:
                self.do("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
                    "features": [{"name": "prefers-color-scheme", "value": "dark"}]}})
        except BaseException:
            self.close()
            raise

    def _port(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found.group(1))
        raise RuntimeError("chromedriver ended before it listened")

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=90) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def do(self, method, path, body=None):
        return self._call(method, f"/session/{self.session}{path}", body)

    def open(self, path):
        self.do("POST", "/url", {"url": "file://" + urllib.request.pathname2url(os.path.abspath(path))})

    def script(self, text, *args):
        return self.do("POST", "/execute/sync", {"script": text, "args": list(args)})

    def find(self, css):
        return self.do("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, element):
        self.do("POST", f"/element/{element}/click", {})

    def type(self, element, text):
        """As a user does: click into the element, then press keys. (The protocol's own "send keys" wants an HTML document.)"""
        self.click(element)
        for key in text:
            self.press(key)

    def press(self, *keys):
        """Hold all but the last key down, press the last, let go."""
        actions = [{"type": "keyDown", "value": key} for key in keys] + [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def text(self, css):
        return self.script("return document.querySelector(arguments[0]).textContent", css)

    def errors(self):
        return [entry["message"] for entry in self.do("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]

    def screenshot(self, path):
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.do("GET", "/screenshot")))

    def close(self):
        if self.session:
            try:
                self.do("DELETE", "")
            except (OSError, RuntimeError):
                pass
        if self.driver.poll() is None:
            self.driver.terminate()
            try:
                self.driver.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self.driver.pid, signal.SIGKILL)
                self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
