#!/usr/bin/env python3
"""Opens a page in headless Chromium as its readers would, and prints what is wrong with it as JSON.

    check_page.py CHROMIUM AXE PAGE FOLDER

On a phone (390 pixels) and on a desk (1280), light and dark: errors on the console, requests for anything but the page, what
reaches over the right edge, and what axe finds (WCAG 2.1 A and AA, best practices). FOLDER gets a picture of each.
Needs nothing but Python: Chromium is spoken to through its debugging pipe.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile


class BrowserEnded(Exception):
    pass


class Browser:
    def __init__(self, path):
        # Processes of a killed browser may still write to the folder while it is removed.
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()

        def place():  # Chromium reads descriptor 3 and writes 4.
            first, second = os.dup(to_browser), os.dup(from_browser)
            os.dup2(first, 3)
            os.dup2(second, 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--hide-scrollbars",
                 "--disable-dev-shm-usage", f"--user-data-dir={self.profile.name}"]
        self.process = subprocess.Popen([path, *flags, "about:blank"], preexec_fn=place, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.rest = b""
        self.number = 0
        self.events = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.read_end, 1 << 20)
            if not part:
                raise BrowserEnded
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def send(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if getattr(self, "session", None):
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        try:
            while data:
                data = data[os.write(self.write_end, data):]
        except BrokenPipeError:
            raise BrowserEnded from None
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def open(self, url):
        """Returns when the page is loaded; events of an earlier page may arrive only now and do not count."""
        loader = self.send("Page.navigate", url=url)["loaderId"]

        def is_there(event):
            parameters = event.get("params", {})
            return event.get("method") == "Page.lifecycleEvent" and (parameters["name"], parameters["loaderId"]) == ("load", loader)

        while not any(is_there(event) for event in self.events):
            self.events.append(self.message())

    def evaluate(self, expression):
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"{answer['exceptionDetails']}")
        return answer["result"].get("value")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.profile.cleanup()


def check(browser, url, axe, width, scheme, picture):
    browser.events.clear()
    browser.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(url)
    # Everything is checked, including what is closed at first.
    browser.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
    browser.evaluate("Promise.all([...document.images].map(i => i.decode().catch(() => 0))).then(() => 1)")
    size = browser.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    shot = browser.send("Page.captureScreenshot", captureBeyondViewport=True,
                        clip={"x": 0, "y": 0, "width": width, "height": min(size[1], 12000), "scale": 1})
    picture.write_bytes(base64.b64decode(shot["data"]))
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.send("Runtime.evaluate", expression=axe)
    violations = browser.evaluate("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.help + ': ' + v.nodes[0].html.slice(0, 120)))")
    console = []
    requests = []
    for event in browser.events:
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            console.append(str(parameters["exceptionDetails"].get("text")))
        if event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            console.append(str(parameters["args"]))
        if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            console.append(parameters["entry"]["text"])
        if event.get("method") == "Network.requestWillBeSent":
            address = parameters["request"]["url"]
            if address != url and not address.startswith("data:"):
                requests.append(address)
    broken = browser.evaluate("[...document.images].filter(i => i.naturalWidth === 0).map(i => i.alt)")
    return {"width": width, "scheme": scheme, "scrollWidth": size[0], "console": console, "requests": requests,
            "violations": violations, "brokenPictures": broken}


def look(chromium, axe, url, folder):
    browser = Browser(chromium)
    try:
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.send(f"{domain}.enable")
        browser.send("Page.setLifecycleEventsEnabled", enabled=True)
        found = [check(browser, url, axe, width, scheme, folder / f"{width}-{scheme}.png")
                 for width in (390, 1280) for scheme in ("light", "dark")]
        # If the page offers to reload itself, the button starts and stops that.
        follow = browser.evaluate("""(() => {
            const button = document.getElementById("follow");
            if (!button) return null;
            const states = [button.getAttribute("aria-pressed")];
            for (let i = 0; i < 2; i++) { button.click(); states.push(button.getAttribute("aria-pressed")); }
            return states;
        })()""")
        # Everything can be reached with the keyboard, and the focus is visible.
        browser.evaluate("document.activeElement.blur()")
        stops = []
        for _ in range(400):
            browser.send("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            browser.send("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            stop = browser.evaluate("(e => e === document.body ? null : [e.tagName, getComputedStyle(e).outlineStyle])(document.activeElement)")
            if stop is None:
                break
            stops.append(stop)
    finally:
        browser.close()
    focusable = [stop[0] for stop in stops]
    return {"views": found, "follow": follow, "tabStops": focusable, "invisibleFocus": [s[0] for s in stops if s[1] == "none"]}


def main():
    chromium, axe, page, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    url = pathlib.Path(page).resolve().as_uri()
    axe = pathlib.Path(axe).read_text()
    # A browser that ends by itself, for example because memory is full, proves nothing about the page.
    for _ in range(3):
        try:
            print(json.dumps(look(chromium, axe, url, folder)))
            return
        except BrowserEnded:
            pass
    raise SystemExit("Chromium has ended three times")


main()
