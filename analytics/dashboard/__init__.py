"""The dashboard: ``data`` asks, ``charts`` draws, ``app`` shows it in a browser, and ``page`` on paper."""
