"""Pure rules: they decide, and never read or write anything. `now` is always an argument, aware and in UTC."""
