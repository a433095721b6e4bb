"""Names and sentences of the sample workspace, awkward characters included."""

from __future__ import annotations

from random import Random

COMPANIES = (
    "Northwind", "Blue Harbor", "Kestrel", "Ünal & Söhne", "Pine Street", "Atlas Freight", "Lumen",
    "Orchid Bio", "Redwood Pay", "Tide & Co", "Quartz", "Falcon Labs", "Meridian", "東京ソフト", "Sable",
    "Juniper Foods", "O'Hara Steel", "Copper Cloud", 'Nimbus "9"', "Vela", "Ember", "Granite", "Zażółć",
    "Willow Health",
)  # fmt: skip
SUFFIXES = ("Inc", "GmbH", "Ltd", "SA", "LLC", "KK", "AB", "plc")
FIRST = (
    "Ada", "Bo", "Chidi", "Dana", "Émile", "Fatima", "Goro", "Hana", "Ivo", "Jae", "Kofi", "Lena",
    "Mira", "Noor", "Olu", "Petra", "Quinn", "Rosa", "Søren", "Tariq", "Uma", "Viktor", "Wen", "Ximena",
    "Yusuf", "Zoë",
)  # fmt: skip
LAST = (
    "Okafor", "Lindqvist", "Nakamura", "O'Brien", "Garcia", "Novak", "Haddad", "Kim", "Moreau", "Silva",
    "Weiss", "Petrov", "Singh", "Rossi", "Y\u0131lmaz", "Chen", "Mensah", "Larsen", "Díaz", "Kowalski",
)  # fmt: skip
SUBJECTS = (
    "Cannot log in after password reset", "Export is missing rows", "Invoice shows the wrong VAT 💸",
    'Webhook "delivered" twice', "Dashboard loads slowly", "API returns 502 on bulk upload",
    "How do I add a teammate?", "Path C:\\exports\\latest does not open", "SSO login loop on Safari",
    "Feature request: dark mode 🌙", "Daten fehlen seit gestern", "請求書について", "Billing question",
    "Slack sync stopped\nsince this morning", "Error: 'NoneType' object is not iterable",
    "Import stuck at 99 %", "Timezone is off by one hour", "Two-factor code never arrives",
    "Report & chart disagree", "<b>urgent</b> outage",
)  # fmt: skip
SENTENCES = (
    "Thanks for the quick reply!", "We see this on every second request.",
    "Could you share the request id?", "It works in the staging workspace, but not in production.",
    "I have attached the log file.", "Our finance team needs this by Friday 🙏.",
    "The fix is rolling out now.", "Das Problem besteht weiterhin.",
    "Can you try again in a private window?", "No change, same error as before.", "お手数をおかけします。",
    "Escalating this to the platform team.", 'The path was "C:\\temp\\new" & it contains spaces.',
    "I could reproduce it with 3 < 5 rows.", "We are on the Enterprise plan.",
    "Closing this for now, feel free to reopen.",
    "Here is what we know so far:\n- it started on Monday\n- only EU users", "Ça marche, merci 🎉",
    "Looking into it.",
)  # fmt: skip
TAGS = (
    "bug", "billing", "how-to", "How To", "how_to", "urgent", "api", "sso", "data import", "churn risk",
    "VIP ⭐", "feature/request", "regression", "slack", "mobile", "onboarding",
)  # fmt: skip


def sentence(rng: Random, count: int) -> str:
    """Return `count` sentences as one paragraph of HTML."""
    return "<p>" + " ".join(rng.choices(SENTENCES, k=count)) + "</p>"


def uuid(rng: Random) -> str:
    """Return a random version 4 UUID as text."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def token(rng: Random, prefix: str, length: int = 9) -> str:
    """Return an identifier in the manner of Slack: a prefix and capital letters and digits."""
    return prefix + "".join(rng.choices("ABCDEFGHJKMNPQRSTUVWXYZ0123456789", k=length))
