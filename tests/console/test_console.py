"""The console in a real browser: logging in, following a payment, two people for one change.

It needs Debian's chromium. With PARITAS_SCREENSHOTS=docs/console the pages are drawn anew there.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from served_node import PASSWORD, RBI, A, B, Served, code_of, enter, served

from paritas.console.pages import ROUTES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
SHOTS = os.environ.get("PARITAS_SCREENSHOTS", "")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


class World:
    """A served node with people, two payments that settled and one that waits."""

    def __init__(self, node: Served) -> None:
        self.node = node
        people = (
            ("olga", "", "operator"),
            ("anna", A, "treasurer"),
            ("bert", B, "treasurer"),
            ("ina", RBI, "issuer"),
            ("ivo", RBI, "issuer"),
        )
        self.people = {name: enter(node.store, name, bic, role) for name, bic, role in people}
        self._clients: dict[str, httpx.Client] = {}

    def client(self, name: str) -> httpx.Client:
        """A session of a person, begun once: a code of the second factor counts once."""
        if name in self._clients:
            return self._clients[name]
        client = self._clients[name] = httpx.Client(base_url=self.node.url)
        asked = {"name": name, "password": PASSWORD, "code": code_of(self.people[name])}
        session = client.post("/v1/session", json=asked).raise_for_status().json()
        client.headers["paritas-csrf"] = session["csrf"]
        return client

    def pay(self, name: str, reference: str, payer: str, payee: str, amount_minor: int) -> None:
        leg = {"payer": payer, "payee": payee, "currency": "INR", "amount_minor": amount_minor}
        asked = {"reference": reference, "legs": [leg]}
        self.client(name).post("/v1/instructions", json=asked).raise_for_status()


@pytest.fixture(scope="module")
def world(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with served(tmp_path_factory.mktemp("node"), more=ROUTES) as node:
        world = World(node)
        world.pay("anna", "RENT-1", A, B, 25_000)
        world.pay("anna", "RENT-2", A, B, 12_345)
        # It has only what it was paid: this one waits for more.
        world.pay("bert", "GOODS-1", B, A, 90_000)
        yield world
        # Pages that follow what changes would keep the server from ending.
        for context in browser.contexts:
            context.close()


def open_console(browser: Browser, world: World, name: str, **more: object) -> Page:
    page = browser.new_context(**more).new_page()  # type: ignore[arg-type]
    page.goto(world.node.url + "/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    # A code counts once: the next one is as good, for clocks that are a little ahead.
    page.get_by_label("Code of the second factor").fill(
        code_of(world.people[name], time.time() + 30)
    )
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    return page


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(300)
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_a_wrong_code_is_refused(browser: Browser, world: World) -> None:
    page = browser.new_context().new_page()
    page.goto(world.node.url + "/")
    page.get_by_label("Name").fill("olga")
    page.get_by_label("Password").fill("not this one")
    page.get_by_label("Code of the second factor").fill("000000")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    shoot(page, "login")


def test_a_payment_is_followed_from_waiting_to_settled(browser: Browser, world: World) -> None:
    page = open_console(browser, world, "olga")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator(".card").filter(has_text="waiting").locator("b")).to_have_text("1")
    shoot(page, "today")
    for name in ("Books", "Clearing", "Payments", "Changes", "Journal", "Queue"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("main h1")).to_be_visible()
        expect(page.get_by_text("That did not work")).to_have_count(0)
        shoot(page, name.lower())
    expect(page.locator("main")).to_contain_text("GOODS-1")
    page.locator("main table a").first.click()
    expect(page.locator("main h1 .state")).to_have_text("waiting")
    number = page.url.rpartition("/")[2]
    # What it lacks comes in, and the page says so without being loaded again.
    world.pay("anna", "RENT-3", A, B, 60_000)
    expect(page.locator("main h1 .state")).to_have_text("settled", timeout=10_000)
    expect(page.locator("ol.steps")).to_contain_text("settled")
    shoot(page, "payment")
    page.locator("#search-text").fill(number)
    page.locator("#search-text").press("Enter")
    expect(page.locator("main h1")).to_contain_text(f"Payment {number}")
    assert not errors


def test_a_limit_takes_two_people(browser: Browser, world: World) -> None:
    asked = {"change": "set_limit", "member": A, "currency": "INR", "limit_minor": 50_000}
    answer = world.client("ina").post("/v1/changes", json=asked)
    assert answer.status_code < 300, answer.text
    page = open_console(browser, world, "ivo")
    page.get_by_role("link", name="Changes", exact=True).click()
    expect(page.locator("main")).to_contain_text("SetLimit")
    shoot(page, "change")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#told")).to_be_visible()


def test_a_member_sees_only_its_own(browser: Browser, world: World) -> None:
    page = open_console(browser, world, "bert", color_scheme="dark")
    page.get_by_role("link", name="Books", exact=True).click()
    expect(page.locator("main")).to_contain_text(B)
    expect(page.locator("main tbody")).not_to_contain_text([A])
    shoot(page, "books-dark")


def test_it_is_readable_on_a_phone(browser: Browser, world: World) -> None:
    page = open_console(browser, world, "anna", viewport={"width": 390, "height": 844})
    for name in ("Today", "Books", "Queue", "Payments"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("main h1")).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, (name, width)
        shoot(page, f"{name.lower()}-phone")
