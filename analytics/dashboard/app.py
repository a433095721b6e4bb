# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The dashboard in a browser: a marimo app over what ``pylon dashboard`` has read. It writes nothing."""

import marimo

app = marimo.App(width="full", app_title="Support dashboard", css_file="app.css")


@app.cell
def _():
    import marimo as mo

    from pylon_elt.analytics.dashboard import source, view  # marimo runs this file outside of its package

    return mo, source, view


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
    menus = view.menus(source, mo.query_params().to_dict())
    return (menus,)


@app.cell
def _(again, marts, menus, mo, view):
    filters = view.chosen(menus.value)
    view.tell(mo.query_params(), filters)
    mo.vstack(
        [
            view.heading(marts),
            mo.hstack([*menus.elements.values(), again], justify="start", wrap=True, gap=1.5, align="end"),
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
