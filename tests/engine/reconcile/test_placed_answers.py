"""When a customer answered our call while nobody looked: Asterisk's log knows, the snapshot not."""

from datetime import UTC, datetime, timedelta

from domain.facts import CallFact
from domain.identity import CallId, LineName
from domain.outbound_facts import CustomerAnswered
from engine.calls.ledger import Ledger
from telephony.log_rows import LogPlace
from telephony.logged_call import LoggedCall

CALL = CallId("pbx1-offhook.1")
BEGAN = datetime(2026, 11, 27, 12, tzinfo=UTC)
BACK = BEGAN + timedelta(seconds=9)


def _logged(answered_after_s: float | None) -> LoggedCall:
    answered_at = None if answered_after_s is None else BEGAN.timestamp() + answered_after_s
    return LoggedCall(
        CALL, LineName("carrier"), "", None, BEGAN.timestamp(), LogPlace(0, 0), placed=True,
        answered_at=answered_at,
    )  # fmt: skip


def _settled(logged: LoggedCall | None) -> list[CallFact]:
    """The facts of a gap after which the snapshot shows that the customer has answered."""
    ledger = Ledger()
    seen = CallFact("seen", CALL, BACK, CustomerAnswered())
    assert not ledger.enter(seen, supposed=True), "it would be recorded at the snapshot's time"
    ledger.gap_over(BACK)
    return ledger.settle(BACK, BACK, logged, {})


def test_the_answer_is_dated_by_the_log() -> None:
    (fact,) = _settled(_logged(4.0))
    assert isinstance(fact.what, CustomerAnswered)
    assert fact.at == BEGAN + timedelta(seconds=4)


def test_without_the_log_it_is_dated_by_the_snapshot() -> None:
    for logged in (None, _logged(None)):
        (fact,) = _settled(logged)
        assert (type(fact.what), fact.at) == (CustomerAnswered, BACK)
