"""Runs inside the browser's venv: logs in to Argus' web pages, opens an incident, and clicks its link in headless Chromium.

Arguments: the address of Argus, a name, a password, the key of the incident, the link. Prints the address at which it ends.
"""

import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 30


def main(base, name, password, pk, link):
    """Click the way of a person."""
    options = webdriver.ChromeOptions()
    # root has no sandbox; what is opened are the lab's own servers
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        wait = WebDriverWait(browser, PATIENCE)
        browser.get(f"{base}/accounts/login/")
        browser.find_element(By.NAME, "username").send_keys(name)
        field = browser.find_element(By.NAME, "password")
        field.send_keys(password)
        field.submit()
        wait.until(lambda one: "/accounts/login" not in one.current_url)
        browser.get(f"{base}/incidents/{pk}/")
        found = wait.until(lambda one: [a for a in one.find_elements(By.TAG_NAME, "a") if a.get_attribute("href") == link])
        before = set(browser.window_handles)
        browser.execute_script("arguments[0].click()", found[0])
        wait.until(lambda one: set(one.window_handles) != before or one.current_url.startswith(link))
        browser.switch_to.window(([*(set(browser.window_handles) - before)] or [*before])[0])
        wait.until(lambda one: one.current_url.startswith("http") and one.execute_script("return document.readyState") == "complete")
        print(browser.current_url)
    finally:
        browser.quit()


main(*sys.argv[1:])
