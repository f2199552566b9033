"""How long tests take on a phone, which fit a budget, and timer values that can be waited for."""
