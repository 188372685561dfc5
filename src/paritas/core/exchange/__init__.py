"""Exchange between the members' own currencies: rates, dealers' quotes, agreements, swap lines."""
