"""The dashboard in a browser: a marimo app over what ``pylon dashboard`` has read. It writes nothing."""

import marimo

app = marimo.App(width="full", app_title="Support dashboard")


@app.cell
def _():
    import marimo as mo

    from pylon_elt.analytics.dashboard import source, view  # marimo runs this file outside of its package
    from pylon_elt.analytics.dashboard.data import Filters

    return Filters, mo, source, view


@app.cell
def _(mo):
    again = mo.ui.button(label="Read again", kind="neutral", value=0, on_click=lambda value: value + 1)
    return (again,)


@app.cell
def _(again, mo, source):
    marts, problem = source.read(again=again.value > 0)
    mo.stop(marts is None, mo.vstack([mo.md(f"## Nothing to show\n\n{problem}"), again]))
    return (marts,)


@app.cell
def _(mo, source, view):
    # by themselves: what was chosen stays when the marts are read again
    teams, accounts = view.choices(source, "team_name"), view.choices(source, "account_name")
    period = mo.ui.dropdown(view.PERIODS, value=view.USUAL, label="Period")
    team = mo.ui.dropdown(teams, value=view.ALL, label="Team")
    account = mo.ui.dropdown(accounts, value=view.ALL, label="Account", searchable=True)
    desk = mo.ui.dropdown(view.desks(source), value=view.ALL, label="Desk")
    return account, desk, period, team


@app.cell
def _(Filters, account, again, desk, marts, mo, period, team, view):
    filters = Filters(period.value, team.value or "", account.value or "", desk.value or "")
    menus = [period, *([desk] if len(marts.read_at) > 1 else []), team, account, again]
    mo.vstack(
        [
            view.heading(marts),
            mo.hstack(menus, justify="start", wrap=True, gap=1.5, align="end"),
            view.tiles(marts, filters),
        ],
        gap=1,
    )
    return (filters,)


@app.cell
def _(filters, marts, view):
    # by themselves: the numbers need not wait for the charts
    view.sections(marts, filters)


if __name__ == "__main__":
    app.run()
