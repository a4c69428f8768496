"""Skins of real people, taken off public-domain portraits and laid out on the head's chart."""
