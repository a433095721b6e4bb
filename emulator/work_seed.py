"""The work of the sample workspace: projects, their milestones, tasks and what is said about them."""

from __future__ import annotations

from random import Random

from .records import JSON
from .seed_basis import Ground, maybe, stamps
from .text import FIRST, SUBJECTS, sentence, uuid
from .times import DAY, format_ns, parse_ns

STATUSES = ("not_started", "in_progress", "completed")


def work(ground: Ground) -> dict[str, list[JSON]]:
    """Generate projects, milestones, tasks and comments, by table."""
    projects = _projects(ground)
    milestones = _milestones(ground, projects)
    tasks = _tasks(ground, projects, milestones)
    comments = _comments(ground, tasks)
    return {"projects": projects, "milestones": milestones, "tasks": tasks, "task_comments": comments}


def _projects(ground: Ground) -> list[JSON]:
    rng = ground.rng("projects")
    count = ground.size(len(ground.directory.account_ids) / 10, 3)
    return [_project(ground, rng, index) for index in range(count)]


def _project(ground: Ground, rng: Random, index: int) -> JSON:
    created, updated = ground.times(rng)
    archived = index % 5 == 4
    row: JSON = {
        "id": uuid(rng),
        "name": f"Rollout {index} für {rng.choice(FIRST)}",
        **stamps(created, updated),
    }
    row |= {"account": ground.account(rng, 0.95), "is_archived": archived}
    row["archived_at"] = row["updated_at"] if archived else None
    row["custom_fields"] = _custom_fields(rng)
    row["customer_portal_visible"] = rng.random() < 0.5
    row["owner_id"] = ground.id_of(rng, "users", 0.8)
    start = created // DAY * DAY
    maybe(rng, row, description_html=sentence(rng, 2), start_date=format_ns(start))
    maybe(
        rng, row, end_date=format_ns(start + rng.randrange(20, 200) * DAY), project_template={"id": uuid(rng)}
    )
    if index % 7 == 2:
        row["health_beta"] = {"score": index, "trace": [None]}
    return row


def _custom_fields(rng: Random) -> JSON:
    fields: JSON = {}
    draw = rng.randrange(16)
    if draw & 1:
        fields["stage"] = {"slug": "stage", "value": rng.choice(("kick-off", "build", "live 🎉"))}
    if draw & 2:
        fields["Go Live"] = {"slug": "Go Live", "value": "2027-01-31"}
    if draw & 4:
        fields["effort"] = {"slug": "effort", "value": rng.choice((1, 2.5, None, "3"))}
    if draw & 8:
        fields["regions"] = {"slug": "regions", "values": rng.sample(("eu", "us", "apac"), k=draw % 4)}
    return fields


def _milestones(ground: Ground, projects: list[JSON]) -> list[JSON]:
    rng = ground.rng("milestones")
    rows: list[JSON] = []
    for project in projects:
        for index in range(rng.randrange(2, 5)):
            created, updated = ground.times(rng)
            row: JSON = {"id": uuid(rng), "name": f"Phase {index + 1}", **stamps(created, updated)}
            row |= {"project": {"id": project["id"]}, "account": project["account"]}
            maybe(rng, row, 0.6, due_date=format_ns(created // DAY * DAY + 30 * DAY))
            if rng.random() < 0.2:
                row["progress_beta"] = rng.random()
            rows.append(row)
    return rows


def _tasks(ground: Ground, projects: list[JSON], milestones: list[JSON]) -> list[JSON]:
    rng = ground.rng("tasks")
    least = max(12, len(milestones))
    rows = [_task(ground, rng, index) for index in range(ground.size(len(ground.issues) / 10, least))]
    for index, row in enumerate(rows):
        # Each milestone has a task at least: nothing else tells that it exists.
        milestone = milestones[index] if index < len(milestones) else rng.choice(milestones)
        if index < len(milestones) or rng.random() < 0.3:
            row |= {"milestone": {"id": milestone["id"]}, "project": milestone["project"]}
            row["account"] = milestone["account"]
        elif rng.random() < 0.3:
            row |= {"milestone": None, "project": {"id": rng.choice(projects)["id"]}}
        if index % 9 == 8:
            parent = rows[index - rng.randrange(1, 5)]
            row["parent_task_id"] = parent["id"]
            parent["subtask_ids"] = [*(parent.get("subtask_ids") or []), row["id"]]
    return rows


def _task(ground: Ground, rng: Random, index: int) -> JSON:
    created, updated = ground.times(rng)
    row: JSON = {"id": uuid(rng), "title": rng.choice(SUBJECTS), **stamps(created, updated)}
    row |= {"status": STATUSES[int(rng.random() * 3)], "account": ground.account(rng, 0.7)}
    row |= {"assignee": ground.actor(rng) if index % 4 else None, "customer_portal_visible": index % 2 == 0}
    row["custom_fields"] = _custom_fields(rng) if index % 5 else None
    maybe(rng, row, body_html=sentence(rng, 2), due_date=format_ns(created // DAY * DAY + 14 * DAY))
    maybe(rng, row, 0.1, subtask_ids=[])
    if index % 11 == 3:
        row["priority_beta"] = rng.choice(("p1", 2, None))
    return row


def _comments(ground: Ground, tasks: list[JSON]) -> list[JSON]:
    rng = ground.rng("task_comments")
    rows: list[JSON] = []
    for task in tasks:
        start = parse_ns(task["created_at"])
        times = sorted(ground.since(rng, start) for _ in range(rng.randrange(5)))
        rows += [_comment(ground, rng, task["id"], at) for at in times]
    return rows


def _comment(ground: Ground, rng: Random, task_id: str, created: int) -> JSON:
    edited = rng.random() < 0.3
    updated = ground.since(rng, created) if edited else created
    row: JSON = {"id": uuid(rng), "task_id": task_id, **stamps(created, updated), "author": ground.actor(rng)}
    row |= {"body_html": sentence(rng, 1), "is_internal": rng.random() < 0.5}
    if edited or rng.random() < 0.5:
        row["last_edited_at"] = row["updated_at"] if edited else None
    if rng.random() < 0.1:
        row["reactions_beta"] = ["👍"]
    return row
