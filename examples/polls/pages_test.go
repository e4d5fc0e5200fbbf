package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

const schema = "polls_test"

// fakeHost stands in for the host's API. The database behind it is a real one.
type fakeHost struct {
	*httptest.Server
	published []string
	asked     int
	url       string
	// What it says first of the database: an address with a password that is not right any more.
	oldURL string
}

func newFakeHost(t *testing.T) *fakeHost {
	t.Helper()
	address := os.Getenv("PLEXICA_TEST_DATABASE_URL")
	if address == "" {
		t.Skip("PLEXICA_TEST_DATABASE_URL names no database for tests.")
	}
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := parsed.Query()
	query.Set("search_path", schema)
	parsed.RawQuery = query.Encode()
	fake := &fakeHost{url: parsed.String()}
	prepare(t, fake.url)
	fake.Server = httptest.NewServer(http.HandlerFunc(fake.answer))
	t.Cleanup(fake.Close)
	return fake
}

func prepare(t *testing.T, address string) {
	t.Helper()
	pool, err := openPool(address)
	if err != nil {
		t.Fatal(err)
	}
	migration, err := os.ReadFile("migrations/0001_polls.sql")
	if err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		if _, err := pool.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	run("DROP SCHEMA IF EXISTS " + schema + " CASCADE")
	run("CREATE SCHEMA " + schema)
	run(string(migration))
	t.Cleanup(func() {
		run("DROP SCHEMA " + schema + " CASCADE")
		pool.Close()
	})
}

func (f *fakeHost) answer(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer a-token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /installation":
		answerJSON(w, http.StatusOK, document{"settings": document{"max_choices": 3, "signing_key": "key"}})
	case "POST /database":
		f.asked++
		address := f.url
		if f.oldURL != "" {
			address, f.oldURL = f.oldURL, ""
		}
		answerJSON(w, http.StatusOK, document{"url": address, "valid_until": time.Now().Add(time.Hour)})
	case "POST /events":
		content, _ := io.ReadAll(r.Body)
		f.published = append(f.published, string(content))
		w.WriteHeader(http.StatusAccepted)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

var numbers int

// send asks as the gateway does.
func send(t *testing.T, site http.Handler, method, target, body string, change func(document)) *httptest.ResponseRecorder {
	t.Helper()
	numbers++
	claims := contextOf(method, target, fmt.Sprint(numbers), time.Now())
	if change != nil {
		change(claims)
	}
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Plexica-Prefix", "/x/polls")
	request.Header.Set(contextHeader, sign(claims))
	answer := httptest.NewRecorder()
	site.ServeHTTP(answer, request)
	return answer
}

func newSite(t *testing.T, fake *fakeHost) http.Handler {
	t.Helper()
	host := newHost(fake.URL)
	databases := newDatabases(host)
	t.Cleanup(databases.close)
	return routes(self, host, databases)
}

func ask(question, choices string) string {
	return url.Values{"question": {question}, "choices": {choices}}.Encode()
}

func TestItSaysThatItIsReadyToAnybody(t *testing.T) {
	answer := httptest.NewRecorder()
	routes(self, newHost("http://127.0.0.1:1"), nil).ServeHTTP(
		answer, httptest.NewRequest("GET", "/_plexica/ready", nil))
	if answer.Body.String() != `{"contract":1,"plugin":"polls","version":"0.1.0"}`+"\n" {
		t.Fatal(answer.Body)
	}
}

func TestNobodyElseIsAnswered(t *testing.T) {
	site := routes(self, newHost("http://127.0.0.1:1"), nil)
	answer := httptest.NewRecorder()
	site.ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	if answer.Code != http.StatusUnauthorized {
		t.Fatal(answer.Code)
	}
	none := func(c document) { c["permissions"] = []string{} }
	if code := send(t, site, "GET", "/", "", none).Code; code != http.StatusForbidden {
		t.Fatal(code)
	}
}

func TestAPollIsAskedVotedInAndForgotten(t *testing.T) {
	fake := newFakeHost(t)
	site := newSite(t, fake)
	asked := send(t, site, "POST", "/polls", ask("Lunch <now>?", "Soup\n\nSalad"), nil)
	if asked.Code != http.StatusSeeOther || asked.Header().Get("Location") != "/x/polls/" {
		t.Fatal(asked.Code, asked.Body)
	}
	if len(fake.published) != 1 || !strings.Contains(fake.published[0], `"event":"polls.poll_asked"`) {
		t.Fatal(fake.published)
	}
	fragment := func(c document) { c["via"] = "fragment" }
	for _, choice := range []string{"1", "2"} {
		voted := send(t, site, "POST", "/polls/1/votes", "choice="+choice, fragment)
		if voted.Code != http.StatusOK || !strings.Contains(voted.Body.String(), `id="polls-board"`) {
			t.Fatal(voted.Code, voted.Body)
		}
	}
	page := send(t, site, "GET", "/", "", nil).Body.String()
	for _, text := range []string{"Lunch &lt;now&gt;?", "Soup: 0", "Salad: 1", "Your vote", `value="a-value"`} {
		if !strings.Contains(page, text) {
			t.Errorf("%s is not on the page.", text)
		}
	}
	if widget := send(t, site, "GET", "/widget", "", nil).Body.String(); !strings.Contains(widget, "Salad: 1") {
		t.Error(widget)
	}
	event := func(c document) { c["via"], c["user"] = "event", nil }
	removed := `{"id":"1","event":"user.removed","payload":{"user":"7a3c7c1e-0b3c-4d8e-9d53-3c1f5f6f7a11"}}`
	for range 2 {
		if code := send(t, site, "POST", "/events/user-removed", removed, event).Code; code != http.StatusNoContent {
			t.Fatal(code)
		}
	}
	if page := send(t, site, "GET", "/", "", nil).Body.String(); !strings.Contains(page, "Salad: 0") {
		t.Error("The vote is still there.")
	}
	if fake.asked != 1 {
		t.Error("The credential was to be kept.", fake.asked)
	}
}

func TestProgramsGetSignedResults(t *testing.T) {
	site := newSite(t, newFakeHost(t))
	send(t, site, "POST", "/polls", ask("Lunch?", "Soup\nSalad"), nil)
	var answer struct {
		Results   json.RawMessage
		Signature string
	}
	content := send(t, site, "GET", "/api/polls", "", nil).Body.Bytes()
	if err := json.Unmarshal(content, &answer); err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write(answer.Results)
	if hex.EncodeToString(mac.Sum(nil)) != answer.Signature || strings.Contains(string(content), `"key"`) {
		t.Fatal(string(content))
	}
}

func TestWhatCannotBeAskedOrVotedIsSaid(t *testing.T) {
	site := newSite(t, newFakeHost(t))
	for _, body := range []string{
		ask("", "Soup\nSalad"), ask("Lunch?", "Soup"), ask("Lunch?", "a\nb\nc\nd"),
		ask(strings.Repeat("x", 201), "a\nb"), ask("Lunch?", "a\n"+strings.Repeat("x", 101)),
	} {
		if answer := send(t, site, "POST", "/polls", body, nil); answer.Code != http.StatusBadRequest ||
			!strings.Contains(answer.Body.String(), `role="alert"`) {
			t.Error(answer.Code, answer.Body)
		}
	}
	for target, code := range map[string]int{"/polls/9/votes": 404, "/polls/x/votes": 400} {
		if answer := send(t, site, "POST", target, "choice=1", nil); answer.Code != code {
			t.Error(target, answer.Code)
		}
	}
}

func TestAPasswordThatIsRightNoMoreIsAskedForAgain(t *testing.T) {
	fake := newFakeHost(t)
	host := newHost(fake.URL)
	databases := newDatabases(host)
	t.Cleanup(databases.close)
	c := &claims{Installation: "i", Token: "a-token"}
	wrong, err := url.Parse(fake.url)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword("nobody_at_all", "wrong")
	fake.oldURL = wrong.String()
	tries := 0
	count := func(pool *sql.DB) error { tries++; return pool.Ping() }
	if err := databases.do(t.Context(), c, count); err == nil {
		t.Fatal("What the host has just given is not asked for twice.")
	}
	if err := databases.do(t.Context(), c, count); err != nil || tries != 3 || fake.asked != 2 {
		t.Fatal(err, tries, fake.asked)
	}
}
