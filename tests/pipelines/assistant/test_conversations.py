"""Conversations are found by their words and told whole, page by page, as the copy has them."""

from __future__ import annotations

import gc
import time
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pylon_elt.pipelines.assistant import find, hidden, text
from pylon_elt.pipelines.assistant.access import Access, Place
from pylon_elt.pipelines.assistant.limits import Limits
from pylon_elt.pipelines.assistant.tools import Tools
from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear

NOTHING = find.filters("", "", "", "", "")


def tools(limits: Limits | None = None) -> Tools:
    """Return the tools over that copy, notes included."""
    given = limits or Limits()
    return Tools(Access(Place("duckdb", "pylon", ""), given), hidden.Hidden(notes=False), given)


def sql(file: Path, statement: str, *values: Any) -> list[Any]:
    """Ask the file itself, or change it."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET search_path = 'pylon'")
        return connection.execute(statement, values).fetchall()


def write(file: Path, **texts: str) -> dict[str, str]:
    """Let some issues have a message each, and return the issue of each."""
    ids = [one for (one,) in sql(file, "SELECT id FROM issues ORDER BY number LIMIT ?", len(texts))]
    issues = dict(zip(texts, ids, strict=True))
    for name, html in texts.items():
        statement = """INSERT INTO issue_messages BY NAME SELECT ? AS id, ? AS issue_id, now() AS timestamp,
            false AS is_private, ? AS message_html"""
        sql(file, statement, f"m-{name}", issues[name], html)
    return issues


def ids(answer: Any) -> set[str]:
    """Return the issues that were found."""
    return {match["issue"]["id"] for match in answer["conversations"]}


def test_a_word_is_found_in_texts_and_not_in_tags(file: Path) -> None:
    issues = write(
        file,
        plain="<p>a Zebrafish swims</p>",
        begins="zebrafishes",
        inside="<p>microzebrafish</p>",
        tag='<a href="https://x.example/zebrafish" title="zebrafish">link</a>',
        style="<style>.zebrafish { }</style>x",
        comment="<!-- zebrafish -->x",
        raw="1 > 0 and zebrafish > 2 < 3",
        after="if a < b then zebrafish",
        entity="&nbsp;zebrafish",
    )
    found = tools().found("ZEBRAFISH", NOTHING, 50, 0)
    assert ids(found) == {issues[name] for name in ("plain", "begins", "raw", "after", "entity")}
    assert found["matches"] == 5
    assert all("zebrafish" in match["excerpts"][0].lower() for match in found["conversations"])


@pytest.mark.parametrize(
    "html", ["Überprüfung", "&Uuml;berpr&uuml;fung", "&#220;berpr&#xFC;fung", "ÜBERPRÜFUNG"]
)
def test_letters_are_found_however_html_spells_them(file: Path, html: str) -> None:
    issues = write(file, one=f"<p>Eine {html} bitte</p>")
    assert ids(tools().found("überprüfung", NOTHING, 10, 0)) == {issues["one"]}


def test_rare_words_and_titles_come_first(file: Path) -> None:
    issues = write(file, common="<p>the the</p>", rare="<p>the quokka</p>", titled="<p>the</p>")
    sql(file, "UPDATE issues SET title = 'Quokka' WHERE id = ?", issues["titled"])
    found = tools().found("the quokka", NOTHING, 2, 0)["conversations"]
    assert [match["issue"]["id"] for match in found] == [issues["titled"], issues["rare"]]
    assert found[0]["words"] == ["the", "quokka"]


def test_every_filter_leaves_out_the_others(file: Path) -> None:
    ((account, name),) = sql(
        file,
        """SELECT a.id, a.name FROM issues AS i JOIN accounts AS a ON a.id = i.account_id
        WHERE a.name IN (SELECT name FROM accounts GROUP BY name HAVING count(*) = 1)
        GROUP BY a.id, a.name HAVING count(*) <= 50 ORDER BY count(*) DESC, 1 LIMIT 1""",
    )
    expected = {one for (one,) in sql(file, "SELECT id FROM issues WHERE account_id = ?", account)}
    for given in (account, name, name.upper()):
        assert ids(tools().found("", find.filters(given, "", "", "", ""), 50, 0)) == expected, given
    ((team, state),) = sql(
        file,
        """SELECT team_id, state FROM issues WHERE team_id IS NOT NULL
        GROUP BY ALL HAVING count(*) <= 50 ORDER BY count(*) DESC, 1, 2 LIMIT 1""",
    )
    expected = {
        one for (one,) in sql(file, "SELECT id FROM issues WHERE team_id = ? AND state = ?", team, state)
    }
    assert ids(tools().found("", find.filters("", team, state, "", ""), 50, 0)) == expected
    issues = write(file, now="quagga")
    now = datetime.now(UTC)
    recent = find.filters("", "", "", (now - timedelta(hours=1)).isoformat(), "")
    former = find.filters("", "", "", "", (now - timedelta(hours=1)).isoformat())
    assert ids(tools().found("quagga", recent, 50, 0)) == {issues["now"]}
    assert ids(tools().found("quagga", former, 50, 0)) == set()


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01", "'; drop table issues; --"])
def test_a_time_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(exits.Problem) as refused:
        find.filters("", "", "", given, "")
    assert refused.value.code == exits.USAGE


def test_pages_of_matches_are_all_matches_once(file: Path) -> None:
    seen: list[str] = []
    while True:
        page = tools().found("", NOTHING, 50, len(seen))
        seen += [match["issue"]["id"] for match in page["conversations"]]
        if not page["cut"]:
            break
        assert f"offset={len(seen)}" in page["cut"]
    assert sorted(seen) == sorted(one for (one,) in sql(file, "SELECT id FROM issues"))


@pytest.mark.parametrize(
    "words", ["' or 1=1 --", "$any_a %s %(x)s", "\\", "(?i)[", "<script>", "😀", "a" * 5000, "% _ *"]
)
def test_words_are_never_part_of_the_statement(file: Path, words: str) -> None:
    tools().found(words, find.filters(words[:100], words[:100], words[:100], "", ""), 3, 0)


def test_a_conversation_is_told_whole_page_by_page(file: Path) -> None:
    (issue, number), = sql(file, """SELECT i.id, i.number FROM issues AS i JOIN issue_messages AS m ON m.issue_id = i.id
        GROUP BY ALL ORDER BY count(*) DESC, 2 LIMIT 1""")  # fmt: skip
    expected = sql(
        file,
        "SELECT message_html, is_private FROM issue_messages WHERE issue_id = ? ORDER BY timestamp, id",
        issue,
    )
    few, messages = tools(Limits(size=1500)), []
    while True:
        page = few.conversation(f"#{number}", len(messages) + 1, 1)
        messages += page["messages"]
        if not page["cut"] or "left out" not in page["cut"]:
            break
        assert f"from_message={len(messages) + 1}" in page["cut"]
    assert [message["position"] for message in messages] == list(range(1, len(expected) + 1))
    assert [message["internal"] for message in messages] == [bool(note) for _, note in expected]
    whole = tools().conversation(issue, 1, 1)
    assert [message["text"] for message in whole["messages"]] == [text.plain(html) for html, _ in expected]
    assert whole["cut"] == ""


def test_a_long_message_is_told_in_parts(file: Path) -> None:
    issues = write(file, long="".join(f"<p>{number}</p>" for number in range(3000)))
    asked = tools(Limits(size=8000))
    total = len(sql(file, "SELECT 1 FROM issue_messages WHERE issue_id = ?", issues["long"]))
    parts, character = "", 1
    while True:
        page = asked.conversation(issues["long"], total, character)
        part = page["messages"][0]["text"]
        parts += part.removesuffix("…")
        character += len(part.removesuffix("…"))
        if not part.endswith("…"):
            break
        assert f"from_character={character}" in page["cut"]
    assert parts == text.plain("".join(f"<p>{number}</p>" for number in range(3000)))


def test_an_issue_that_is_not_there_is_told(file: Path) -> None:
    for name in ("999999", "nobody", "'", "a\0b"):
        with pytest.raises(exits.Problem) as refused:
            tools().conversation(name, 1, 1)
        assert refused.value.code == exits.USAGE


def test_tables_that_were_not_copied_are_missed_by_nobody(file: Path) -> None:
    for table in ("accounts", "contacts", "users", "teams", "issue_messages"):
        sql(file, f"DROP TABLE {table}")
    told = tools().conversation("1", 1, 1)
    assert told["issue"]["title"]
    assert "not been copied" in told["cut"]
    assert tools().found("", find.filters("x", "y", "", "", ""), 5, 0)["matches"] == 0


@pytest.mark.slow
def test_words_are_found_within_seconds_among_many(file: Path) -> None:
    """A bound far above what it takes, which is in the README: machines of tests are busy."""
    sql(
        file,
        """INSERT INTO issue_messages BY NAME SELECT m.id || n AS id, m.* EXCLUDE (id)
        FROM issue_messages AS m, range(45) AS r(n)""",
    )
    begun = time.monotonic()
    tools().found("password invoice error", NOTHING, 10, 0)
    assert time.monotonic() - begun < 15


def test_what_is_edited_redacted_or_deleted_is_found_as_it_is_now(file: Path) -> None:
    issues = write(file, edited="<p>numbat</p>", redacted="numbat", deleted="numbat", kept="numbats")
    serving = tools()
    assert ids(serving.found("numbat", NOTHING, 50, 0)) == set(issues.values())
    sql(file, "UPDATE issue_messages SET message_html = 'a dibbler' WHERE id = 'm-edited'")
    sql(file, "UPDATE issue_messages SET message_html = NULL WHERE id = 'm-redacted'")
    sql(file, "DELETE FROM issue_messages WHERE id = 'm-deleted'")
    assert ids(serving.found("numbat", NOTHING, 50, 0)) == {issues["kept"]}
    found = serving.found("dibbler numbat", NOTHING, 50, 0)["conversations"]
    assert {one["issue"]["id"]: one["words"] for one in found} == {
        issues["edited"]: ["dibbler"],
        issues["kept"]: ["numbat"],
    }


TEXTS = {
    "chinese": "<p>我无法登录Slack请帮助</p>", "japanese": "パスワードをリセットできません", "thai": "ไม่สามารถเข้าสู่ระบบได้",
    "hindi": "<p>मैं हिन्दी में लिखता हूँ</p>", "arabic": "<p>لا أستطيع تَسجيل الدخول</p>", "fire": "<p>broken 🔥🔥 help</p>",
    "apart": unicodedata.normalize("NFD", "<p>der Dübel</p>"), "turkish": "<p>İzmir'den selam</p>",
}  # fmt: skip


def test_words_are_found_in_scripts_without_blanks_and_with_marks(file: Path) -> None:
    issues = write(file, **TEXTS)
    for word, name in {
        "登录": "chinese", "slack请": "chinese", "リセット": "japanese", "เข้าสู่ระบบ": "thai", "हिन्दी": "hindi",
        "تَسجيل": "arabic", "🔥": "fire", "Dübel": "apart", "İzmir": "turkish",
    }.items():  # fmt: skip
        found = tools().found(word, NOTHING, 10, 0)
        (first, *_) = found["conversations"]
        assert first["issue"]["id"] == issues[name], word
        assert (found["matches"], first["words"]) == (1, text.words(word, 1)), word
        assert first["excerpts"], word


SIGNS = {
    "plus": "<p>written in C++ (old)</p>", "spelt": "c&#43;&#x2B; code", "sharp": "<b>C#</b> code", "hash": "c&num; or vb",
    "dot": "<p>needs .NET 8</p>", "asp": "ASP.NET fails", "straight": "it doesn't open", "curly": "it doesn\u2019t open",
    "entity": "it doesn&#39;t, it DOESN&rsquo;T", "amp": "our R&amp;D team", "bare": "R&D",
    "none": "<p title=\"c++ c# .net doesn't r&d\">c cc net does not doesnt t r d abc++ abc#</p>",
}  # fmt: skip


def test_a_word_keeps_the_signs_without_which_it_is_one_letter(file: Path) -> None:
    issues = write(file, **SIGNS)
    for asked, names in SIGNED.items():
        found = tools().found(asked, NOTHING, 50, 0)
        assert ids(found) == {issues[name] for name in names}, asked
        assert all(match["excerpts"] for match in found["conversations"]), asked


SIGNED = {
    "C++": {"plus", "spelt"}, "c#": {"sharp", "hash"}, ".NET": {"dot", "asp"},
    "doesn't": {"straight", "curly", "entity"}, "Doesn\u2019t": {"straight", "curly", "entity"}, "R&D": {"amp", "bare"},
}  # fmt: skip
"""What each word is found in."""


def test_a_word_does_not_begin_after_a_letter_that_is_not_ascii(file: Path) -> None:
    write(file, one="<p>Rübenzwiebel</p>", two=f"<p>{unicodedata.normalize('NFD', 'Rübenzwiebel')}</p>")
    assert tools().found("benzwiebel", NOTHING, 10, 0)["matches"] == 0
    assert tools().found("rübenzwiebel", NOTHING, 10, 0)["matches"] == 2


def test_what_holds_no_word_is_not_answered_with_the_newest(file: Path) -> None:
    for words in ("%", "!!!", "(.*"):
        found = tools().found(words, NOTHING, 10, 0)
        assert (found["matches"], found["conversations"]) == (0, [])
        assert "There is no word in" in found["note"]
    assert tools().found("  ", NOTHING, 10, 0)["matches"] > 0


def test_it_is_told_how_many_have_all_words_and_how_many_each(file: Path) -> None:
    write(file, both="<p>quokka quagga</p>", one="<p>quokka</p>", other="<p>quokka!</p>")
    found = tools().found("quokka quagga zzyzx", NOTHING, 1, 0)
    assert (found["matches"], found["with_all_words"]) == (3, 0)
    assert found["with_word"] == {"quokka": 3, "quagga": 1, "zzyzx": 0}
    assert tools().found("quokka quagga", NOTHING, 1, 0)["with_all_words"] == 1
    assert tools().found("zzyzx", NOTHING, 1, 0)["with_word"] == {"zzyzx": 0}


def test_a_filter_that_fits_nothing_is_told(file: Path) -> None:
    for name in ("account", "team", "state"):
        given: dict[str, Any] = dict.fromkeys(("account", "team", "state", "since", "until"), "")
        found = tools().found("the", find.filters(**given | {name: "Nobody's"}), 10, 0)
        assert found["matches"] == 0
        assert f'No issue has the {name} "Nobody\'s".' in found["note"]
    ((state,),) = sql(file, "SELECT any_value(state) FROM issues")
    assert "No issue" not in tools().found("zzyzx", find.filters("", "", state, "", ""), 10, 0)["note"]
    assert "no more than 1,000 matches" in tools().found("", NOTHING, 10, 1000)["note"]


def test_the_text_that_has_most_of_the_words_is_shown_first(file: Path) -> None:
    issues = write(file, one="<p>code</p>")
    for number, html in enumerate(("code 1", "code 2", "code 3", "the code is ZX-5001")):
        sql(
            file,
            """INSERT INTO issue_messages BY NAME SELECT ? AS id, ? AS issue_id, now() AS timestamp,
            false AS is_private, ? AS message_html""",
            f"more-{number}",
            issues["one"],
            html,
        )
    (match,) = (
        one
        for one in tools().found("code ZX-5001", NOTHING, 10, 0)["conversations"]
        if one["issue"]["id"] == issues["one"]
    )
    assert any("ZX-5001" in excerpt for excerpt in match["excerpts"])


def test_a_long_session_holds_no_more_with_each_call(file: Path) -> None:
    asking = tools()
    for _ in range(3):
        asking.select("SELECT 1")
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(5):
        asking.select("SELECT 1")
    gc.collect()
    assert len(gc.get_objects()) - before < 500


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("Snake_case, 100% ❤️", ["snake", "case", "100", "❤"]),
        ("ΟΔΟΣ İZMİR", ["οδοσ", "İzmİr"]),
        ("e\u0301tude étude", ["étude"]),
        ("\u0301\u200b", []),
        ("C++, C# (F#/.NET) Notepad++.", ["c++", "c#", "f#", ".net", "notepad++"]),
        ("doesn't DOESN\u2019T i'm it's we'll", ["doesn't", "i'm", "it's", "we'll"]),
        ("R&D AT&T Q&A", ["r&d", "at&t", "q&a"]),
        (
            "the customer's l'adresse qu\u2019elle e-mail T-shirt O'Brien",
            ["the", "customer", "adresse", "elle", "mail", "shirt", "brien"],
        ),
        (
            "a+b 5++5 C++17 #12 issue#12 ab# v1.2 x.com ...and 'it' &amp;",
            ["a", "b", "5", "c", "17", "12", "issue", "ab"],
        ),
        ("ZX-5001 5.25 -x ' + # . &", ["zx", "5001", "5", "25", "x"]),
    ],
)
def test_a_query_is_taken_apart_into_words(given: str, words: list[str]) -> None:
    assert text.words(given, 8) == words
