"""Where the emulator's endpoints are: paths with ids that its world holds."""

from __future__ import annotations

import re

from pylon_elt import emulator


def paths(world: emulator.World, endpoint: str, most: int = 150) -> list[str]:
    """Return paths of an endpoint, enough of them to meet every kind of row."""
    template = endpoint.split()[1]
    return [template.format_map(found) for found in _parameters(world, template)[:most]]


def _parameters(world: emulator.World, template: str) -> list[dict[str, str]]:
    if "{" not in template:
        return [{}]
    collection = template.split("/")[1].replace("-", "_")
    if collection == "issues":
        calls = [row["issue_id"] for row in world.rows("issue_voice_calls")]
        return [{"id": ident} for ident in (calls if "voice" in template else []) + world.issue_ids()]
    rows = world.rows(collection)
    if collection == "custom_objects":
        return [{"type": row["type"], "id": row["id"]} for row in rows]
    if child := re.search(r"{(article|collection)_id}", template):
        return [
            {"id": row["knowledge_base_id"], f"{child[1]}_id": row["id"]}
            for row in world.rows(f"kb_{child[1]}s")
        ]
    if "{account_id}" in template:
        return [{"account_id": row["child_account_id"]} for row in world.rows("account_relationships")]
    return [{"id": row["id"]} for row in rows]
