"""What a flow's text names outside itself, and other names in its place."""

import pytest

from ivr_flows.kind import NameOf
from ivr_flows.loader import check
from ivr_flows.named_outside import named_in, with_names
from ivr_flows.references import Outside

FLOW = """\
flow: menu  # the queue: sales
languages: [en]
start: hello
prompts: {hello: {en: "sales"}}
nodes:
  hello: {kind: queue, queue: sales, note: "sales", exits: {talked: bye, timeout: bye}} # sales
  again:
    kind: queue
    queue:   'sales'   # in quotes
    exits: {talked: bye, timeout: bye}
  sales: {kind: go_to, flow: "other flow"}
  folded:
    kind: queue
    queue: >-
      sales

    exits: {talked: bye}
  ask: {kind: look_up, url: "https://x.example/", secrets: {Authorization: crm, X-Key: "crm"}}
  faulty: {kind: queue, queue: 7}
  play: {kind: play, recordings: one}
  bye: {kind: hangup}
"""


def test_names_are_found_with_their_places() -> None:
    assert [(one.of.value, one.name, one.line) for one in named_in(FLOW)] == [
        ("queue", "sales", 6),
        ("queue", "sales", 9),
        ("queue", "sales", 14),
        ("secret", "crm", 18),
        ("secret", "crm", 18),
        ("recording", "one", 20),
    ]


def test_other_names_change_nothing_else() -> None:
    names = {
        (NameOf.QUEUE, "sales"): "vip desk: 1",
        (NameOf.SECRET, "crm"): "yes",
        (NameOf.RECORDING, "one"): "two",
    }
    changed = with_names(FLOW, "menu.yaml", names)
    assert changed == FLOW.replace("queue: sales, note", 'queue: "vip desk: 1", note').replace(
        "'sales'", '"vip desk: 1"'
    ).replace("queue: >-\n      sales\n\n", 'queue: "vip desk: 1"\n').replace(
        'Authorization: crm, X-Key: "crm"', 'Authorization: "yes", X-Key: "yes"'
    ).replace("recordings: one", "recordings: two")
    assert {one.name for one in named_in(changed)} == {"vip desk: 1", "yes", "two"}
    assert with_names("\ufeff" + FLOW, "", names) == "\ufeff" + changed
    assert with_names(FLOW, "menu.yaml", {(NameOf.QUEUE, "sales"): "sales"}) == FLOW


@pytest.mark.parametrize(
    "text", ["", "[", "nodes: 1", "nodes: {a: 1}", "nodes: {a: {kind: [x]}}", "7"]
)
def test_what_is_no_flow_names_nothing(text: str) -> None:
    assert named_in(text) == ()


def test_a_service_that_is_refused_is_a_warning_at_its_line() -> None:
    text = (
        "flow: asks\nlanguages: [en]\nstart: ask\nnodes:\n"
        '  ask: {kind: look_up, url: "%s/orders/{caller}",'
        " exits: {found: bye, not_found: bye, failed: bye}}\n  bye: {kind: hangup}\n"
    )
    inside = Outside(refuses=lambda host, port: (host, port) == ("10.1.2.3", 443))
    (warning, _) = sorted(
        check(text % "https://10.1.2.3", "asks.yaml", inside).warnings, key=lambda one: -one.line
    )
    assert warning.line == 5 and '"ask" asks 10.1.2.3:443, which is inside' in warning.message
    assert "an admin" in warning.hint
    for other in ("http://10.1.2.3", "https://10.1.2.3:8443", "https://crm.example"):
        assert len(check(text % other, "asks.yaml", inside).warnings) == 1, other


@pytest.mark.parametrize(
    ("url", "secrets", "warned"),
    [("http", "{A: crm}", True), ("https", "{A: crm}", False), ("http", "{}", False)],
)
def test_a_secret_that_anybody_can_read_is_a_warning(url: str, secrets: str, warned: bool) -> None:
    found = check(
        "flow: asks\nlanguages: [en]\nstart: ask\nnodes:\n"
        f'  ask: {{kind: look_up, url: "{url}://crm.example/", secrets: {secrets},'
        " exits: {found: bye, not_found: bye, failed: bye}}\n  bye: {kind: hangup}\n",
        "asks.yaml",
    )
    assert not found.errors
    told = [one.message for one in found.warnings]
    assert ('"ask" sends a secret without encryption' in told) is warned
