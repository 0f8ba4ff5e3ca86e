"""A real browser, headless Chromium, in the namespace of a host of the lab."""

import contextlib
import os
import pathlib

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from lab import PATIENCE, wait_until

__all__ = ["Browser", "Keys"]

class Browser:
    """Made by opened(). What a page has is found by its data-test attributes."""

    def __init__(self, driver, base):
        self.driver, self.base = driver, base

    def open(self, path=""):
        self.driver.get(self.base + path)

    def all(self, test, within=None):
        """within: the data-key of the row where it stands."""
        row = f'[data-key="{within}"] ' if within else ""
        return self.driver.find_elements(By.CSS_SELECTOR, f'{row}[data-test="{test}"]')

    def one(self, test, within=None):
        """Waits for it, and returns it."""

        return wait_until(lambda: next(iter(self.shown(test, within)), None), f"{test} to be shown")

    def shown(self, test, within=None):
        """Those that are displayed. One that is drawn anew meanwhile is none."""
        found = []
        for element in self.all(test, within):
            with contextlib.suppress(StaleElementReferenceException):
                if element.is_displayed():
                    found.append(element)
        return found

    def text(self, test):
        try:
            return self.one(test).text
        except StaleElementReferenceException:
            return self.text(test)

    def click(self, test, within=None):
        """Waits until it can be clicked, and clicks it."""

        def click():
            try:
                element = self.one(test, within)
                if not element.is_enabled():
                    return False
                self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
                element.click()
                return True
            except Exception as error:  # something lies above it, or it was drawn anew
                if "intercept" in str(error) or "stale" in str(error):
                    return False
                raise

        wait_until(click, f"{test} to be clicked")

    def fill(self, test, value):
        try:
            element = self.one(test)
            element.send_keys(Keys.CONTROL, "a")
            element.send_keys(Keys.DELETE)
            element.send_keys(value)
        except StaleElementReferenceException:
            self.fill(test, value)

    def page_text(self):
        return self.driver.execute_script("return document.body.innerText")

    def sees(self, *texts):
        """Waits until the page has all of these texts."""
        what = f"the page to say {texts}"
        try:
            wait_until(lambda: all(text in self.page_text() for text in texts), what)
        except TimeoutError:
            raise AssertionError(f"{what}; it says:\n{self.page_text()}") from None

    def gone(self, test):
        wait_until(lambda: not self.shown(test), f"{test} to be gone")

    def sign_in(self, user, password):
        self.fill("sign-in-user", user)
        self.fill("sign-in-password", password)
        self.click("sign-in-submit")

    def complaints(self):
        """What the console of the browser says: errors of scripts, and what the Content-Security-Policy refused."""
        lines = self.driver.get_log("browser")
        return [line["message"] for line in lines if line["level"] == "SEVERE" and " 401 " not in line["message"]]

    def shoot(self, name):
        """A screenshot for the README, where the tests were told to put those."""
        if directory := os.environ.get("AXFRD_SCREENSHOTS"):
            self.driver.save_screenshot(str(pathlib.Path(directory, f"{name}.png")))


@contextlib.contextmanager
def opened(host, base, width=1280, height=900, dark=False):
    """A browser in that host, at the address `base`. The calling thread stays in the host's network meanwhile."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--window-size={width},{height}",
                     "--disable-gpu", "--lang=en", *(["--force-dark-mode"] if dark else [])):
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with host.inside():
        driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        try:
            driver.set_page_load_timeout(PATIENCE)
            yield Browser(driver, base)
        finally:
            driver.quit()
