"""Every served endpoint once: its method, its path and its rate class.

To add one, add a line here and a handler of the same name (see `issue_routes` and `directory_routes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rate = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class Endpoint:
    """One operation of the API: `name` is method and path template, `rate` its documented limit class."""

    name: str
    rate: Rate

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path template."""
        return self.name.partition(" ")[2]


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET /me", "high"),
    Endpoint("GET /issues", "low"),
    Endpoint("GET /issues/{id}", "high"),
    Endpoint("GET /issues/{id}/messages", "medium"),
    Endpoint("GET /issues/{id}/threads", "medium"),
    Endpoint("GET /issues/{id}/followers", "high"),
    Endpoint("POST /issues/search", "medium"),
    Endpoint("GET /accounts", "high"),
    Endpoint("GET /accounts/{id}", "high"),
    Endpoint("GET /contacts", "high"),
    Endpoint("GET /contacts/{id}", "high"),
    Endpoint("GET /users", "high"),
    Endpoint("GET /users/{id}", "high"),
    Endpoint("GET /teams", "high"),
    Endpoint("GET /teams/{id}", "high"),
    Endpoint("GET /tags", "high"),
    Endpoint("GET /custom-fields", "high"),
    Endpoint("GET /ticket-forms", "high"),
    Endpoint("GET /user-roles", "high"),
    Endpoint("GET /issue-statuses", "low"),
    Endpoint("GET /knowledge-bases", "high"),
    Endpoint("GET /knowledge-bases/{id}/collections", "medium"),
    Endpoint("GET /knowledge-bases/{id}/articles", "medium"),
    Endpoint("GET /issues/{id}/voice-calls", "medium"),
    Endpoint("POST /accounts/search", "medium"),
    Endpoint("GET /accounts/{account_id}/relationships", "high"),
    Endpoint("POST /contacts/search", "medium"),
    Endpoint("POST /users/search", "medium"),
    Endpoint("GET /tags/{id}", "high"),
    Endpoint("GET /custom-fields/{id}", "high"),
    Endpoint("GET /ticket-forms/{id}", "high"),
    Endpoint("GET /knowledge-bases/{id}", "high"),
    Endpoint("GET /knowledge-bases/{id}/collections/{collection_id}", "medium"),
    Endpoint("GET /knowledge-bases/{id}/articles/{article_id}", "high"),
    Endpoint("GET /tasks", "high"),
    Endpoint("POST /tasks/search", "medium"),
    Endpoint("GET /tasks/{id}", "high"),
    Endpoint("GET /tasks/{id}/comments", "high"),
    Endpoint("POST /projects/search", "medium"),
    Endpoint("GET /projects/{id}", "high"),
    Endpoint("GET /milestones/{id}", "high"),
    Endpoint("GET /macro-groups", "high"),
    Endpoint("GET /macros", "high"),
    Endpoint("GET /macros/{id}", "high"),
    Endpoint("GET /surveys", "high"),
    Endpoint("POST /surveys/search", "medium"),
    Endpoint("GET /surveys/{id}", "high"),
    Endpoint("GET /surveys/{id}/responses", "high"),
    Endpoint("POST /feature-requests/search", "medium"),
    Endpoint("GET /feature-requests/{id}", "high"),
    Endpoint("POST /call-recordings/search", "medium"),
    Endpoint("GET /call-recordings/{id}", "high"),
    Endpoint("GET /activity-types", "low"),
    Endpoint("GET /audit-logs", "high"),
    Endpoint("POST /audit-logs/search", "low"),
    Endpoint("GET /custom-objects/{type}", "high"),
    Endpoint("POST /custom-objects/{type}/search", "medium"),
    Endpoint("GET /custom-objects/{type}/{id}", "high"),
    Endpoint("GET /training-data", "high"),
    Endpoint("GET /training-data/{id}", "high"),
    Endpoint("GET /email-suppressions", "high"),
)
