"""Who decides on the commands of exchange, and who carries out its events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from paritas.core.exchange import agreements, quotes, rates, swaps
from paritas.model import commands, events

if TYPE_CHECKING:
    from paritas.core.state import State
    from paritas.model.events import AnyEvent

HANDLERS: dict[type, Callable[[State, Any], Sequence[AnyEvent]]] = {
    commands.SetRateRules: rates.set_rate_rules,
    commands.PublishRate: rates.publish_rate,
    commands.AdmitDealer: quotes.admit_dealer,
    commands.DismissDealer: quotes.dismiss_dealer,
    commands.SetDealingLimit: quotes.set_dealing_limit,
    commands.PostQuote: quotes.post_quote,
    commands.WithdrawQuote: quotes.withdraw_quote,
    commands.LockQuotes: quotes.lock_quotes,
    commands.SignAgreement: agreements.sign_agreement,
    commands.EndAgreement: agreements.end_agreement,
    commands.SignSwapLine: swaps.sign_line,
    commands.DrawSwap: swaps.draw,
    commands.RepaySwap: swaps.repay,
}

EVOLVERS: dict[type, Callable[[State, Any, Any], None]] = {
    events.RateHeldBack: rates.rate_held_back,
    events.QuotesLocked: quotes.quotes_locked,
    events.SwapAsked: swaps.swap_asked,
    events.SwapDrawn: swaps.swap_drawn,
    events.SwapDue: swaps.swap_due,
    events.SwapRepaid: swaps.swap_repaid,
}

#: How commands that are answered by Recorded are carried out.
RECORDERS: dict[type, Callable[[State, Any, int], None]] = {
    commands.SetRateRules: rates.record_rate_rules,
    commands.PublishRate: rates.record_published,
    commands.AdmitDealer: quotes.record_dealer,
    commands.DismissDealer: quotes.record_dismissal,
    commands.SetDealingLimit: quotes.record_dealing_limit,
    commands.PostQuote: quotes.record_quote,
    commands.WithdrawQuote: quotes.record_withdrawal,
    commands.SignAgreement: agreements.record_signature,
    commands.EndAgreement: agreements.record_end,
    commands.SignSwapLine: swaps.record_line,
}
