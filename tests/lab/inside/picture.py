"""Runs inside the browser's venv: logs in to Argus' web pages and takes a picture of the list of incidents in headless Chromium.

Arguments: the address of Argus, a name, a password, the file to write (PNG), and texts that must stand in the list.
"""

import base64
import sys

from selenium.webdriver.common.by import By

from sight import begun, logged_in

WIDTH, HEIGHT = 1280, 560


def main(base, name, password, file, *texts):
    """Look at the list as a person does."""
    with begun(f"--window-size={WIDTH},{HEIGHT}") as (browser, wait):
        logged_in(browser, wait, base, name, password)
        browser.get(f"{base}/incidents/")
        wait.until(lambda one: all(text in one.find_element(By.TAG_NAME, "body").text for text in texts))
        view = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", view)
        taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": False})
        with open(file, "wb") as out:
            out.write(base64.b64decode(taken["data"]))


main(*sys.argv[1:])
