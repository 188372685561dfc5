"""Values: amounts of any book in the value currency, at the scheme's reference rates."""

from __future__ import annotations

from paritas.core.state import Book, State
from paritas.model.money import AmountError, minor_digits, parse_amount


class Values:
    """Values in the value currency's minor units, each rounded down."""

    def __init__(self, state: State, value_currency: str) -> None:
        self._unit: int = 10 ** minor_digits(value_currency)
        self._books = state.book_by_currency

    def of(self, amount_minor: int, book: Book) -> int:
        """Convert an amount of a book at the scheme's reference rate."""
        numerator, denominator = book.rate
        return amount_minor * denominator * self._unit // numerator

    def of_text(self, amount: str) -> int:
        """Convert "INR 12.50"; 0 for what is no amount of a currency with a book."""
        currency, _, text = amount.partition(" ")
        book = self._books.get(currency)
        try:
            return self.of(parse_amount(text, currency), book) if book else 0
        except AmountError:
            return 0
