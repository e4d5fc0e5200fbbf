from hello.models import MAX_TEXT_LENGTH, Note
from hello.services import add_note

from plexica_sdk.testing import ADA, BO, CY, TestPlugin, check_routes

READ = "hello:notes:read"
HTMX = {"HX-Request": "true"}


def test_each_route_leads_to_a_view_that_asks_for_its_permission(plugin: TestPlugin) -> None:
    assert check_routes(plugin.manifest) == []


def test_the_page_greets_with_the_tenants_greeting(plugin: TestPlugin) -> None:
    plugin.globex.settings["greeting"] = "Ciao"

    assert "Hello, Ada!" in plugin.client(ADA).get("/").text
    assert "Ciao, Cy!" in plugin.client(CY).get("/").text


def test_a_plain_form_adds_a_note_and_leads_back(plugin: TestPlugin) -> None:
    answer = plugin.client(BO).post("/notes/", {"text": "Milk"})

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/x/hello/"
    assert "Milk" in plugin.client(BO).get("/").text


def test_htmx_gets_the_board(plugin: TestPlugin) -> None:
    answer = plugin.client(BO).post("/notes/", {"text": "Milk"}, headers=HTMX)

    assert answer.text.lstrip().startswith('<div id="hello-board">')
    assert "Milk" in answer.text


def test_a_text_that_is_too_long_is_said_beside_the_field(plugin: TestPlugin) -> None:
    answer = plugin.client(BO).post("/notes/", {"text": "x" * (MAX_TEXT_LENGTH + 1)}, headers=HTMX)

    assert "at most 500 characters" in answer.text
    with plugin.within(BO):
        assert not Note.objects.exists()


def test_what_notes_say_is_not_html(plugin: TestPlugin) -> None:
    with plugin.within(BO):
        add_note(text="<script>", author="<b>")

    for path in ("/", "/widget/"):
        text = plugin.client(BO).get(path).text
        assert "&lt;script&gt;" in text
        assert "<script>" not in text
        assert "<b>" not in text


def test_who_may_only_read_is_shown_no_form_and_adds_nothing(plugin: TestPlugin) -> None:
    reader = plugin.client(BO, permissions=[READ])

    assert "<form" not in reader.get("/").text
    assert reader.post("/notes/", {"text": "Milk"}).status_code == 403


def test_the_widget_shows_the_newest(plugin: TestPlugin) -> None:
    assert "0 notes" in plugin.client(BO, via="widget").get("/widget/").text
    with plugin.within(BO):
        add_note(text="Milk", author="Bo")

    text = plugin.client(BO, via="widget").get("/widget/").text
    assert "1 note<" in text
    assert "Milk" in text


def test_programs_add_notes_and_read_them(plugin: TestPlugin) -> None:
    api = plugin.client(BO, via="api")

    added = api.post("/api/notes", {"text": "Milk"}, content_type="application/json")

    assert added.status_code == 201
    assert api.get("/api/notes").json() == {"results": [added.json()]}


def test_programs_are_told_what_is_wrong(plugin: TestPlugin) -> None:
    api = plugin.client(BO, via="api")

    for body in ("", "[]", "{}", '{"text": ""}', '{"text": 1'):
        answer = api.post("/api/notes", body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["detail"] == "This field is required."


def test_a_tenant_sees_its_own_notes_only(plugin: TestPlugin) -> None:
    plugin.client(ADA).post("/notes/", {"text": "Acme's"})

    assert plugin.client(CY, via="api").get("/api/notes").json() == {"results": []}


def test_an_added_note_is_published(plugin: TestPlugin) -> None:
    plugin.client(ADA).post("/notes/", {"text": "Milk"})

    assert plugin.acme.events == [("hello.note_added", {"id": 1, "author": "Ada"})]
    assert plugin.globex.events == []
