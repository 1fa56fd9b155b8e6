"""Runs inside the browser's venv: headless Chromium, and the login at Argus' web pages. Never looks at anything else."""

import contextlib

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 30


@contextlib.contextmanager
def begun(*more):
    """A browser, and what waits with it; `more` are arguments of Chromium."""
    options = webdriver.ChromeOptions()
    # root has no sandbox; what is opened are the lab's own servers
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", *more):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield browser, WebDriverWait(browser, PATIENCE)
    finally:
        browser.quit()


def logged_in(browser, wait, base, name, password):
    """Log in as this person."""
    browser.get(f"{base}/accounts/login/")
    browser.find_element(By.NAME, "username").send_keys(name)
    field = browser.find_element(By.NAME, "password")
    field.send_keys(password)
    field.submit()
    wait.until(lambda one: "/accounts/login" not in one.current_url)
