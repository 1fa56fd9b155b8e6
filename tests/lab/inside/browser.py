"""Runs inside the browser's venv: logs in to Argus' web pages, opens an incident, and clicks its link in headless Chromium.

Arguments: the address of Argus, a name, a password, the key of the incident, the link. Prints the address at which it ends.
"""

import sys

from selenium.webdriver.common.by import By

from sight import begun, logged_in


def main(base, name, password, pk, link):
    """Click the way of a person."""
    with begun() as (browser, wait):
        logged_in(browser, wait, base, name, password)
        browser.get(f"{base}/incidents/{pk}/")
        found = wait.until(lambda one: [a for a in one.find_elements(By.TAG_NAME, "a") if a.get_attribute("href") == link])
        before = set(browser.window_handles)
        browser.execute_script("arguments[0].click()", found[0])
        wait.until(lambda one: set(one.window_handles) != before or one.current_url.startswith(link))
        browser.switch_to.window(([*(set(browser.window_handles) - before)] or [*before])[0])
        wait.until(lambda one: one.current_url.startswith("http") and one.execute_script("return document.readyState") == "complete")
        print(browser.current_url)


main(*sys.argv[1:])
