package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"log"
	"net/http"
	"strconv"
)

//go:embed templates/*.html
var files embed.FS

var templates = template.Must(template.ParseFS(files, "templates/*.html"))

const (
	mayVote = "polls:votes:cast"
	mayAsk  = "polls:polls:ask"
)

type site struct {
	self      backend
	host      *host
	databases *databases
}

// board is what the page and its fragment show.
type board struct {
	Polls      []poll
	Prefix     string
	CSRF       string
	MayAsk     bool
	MaxChoices int
	Question   string
	Lines      string
	Error      string
}

func routes(self backend, host *host, databases *databases) http.Handler {
	s := &site{self, host, databases}
	asked := http.NewServeMux()
	// The gateway has checked the permission of each route; it is checked here as well, so that a
	// mistake in the manifest opens nothing.
	asked.HandleFunc("GET /{$}", s.needs(mayVote, s.page))
	asked.HandleFunc("POST /polls", s.needs(mayAsk, s.ask))
	asked.HandleFunc("POST /polls/{id}/votes", s.needs(mayVote, s.vote))
	asked.HandleFunc("GET /widget", s.needs(mayVote, s.widget))
	asked.HandleFunc("GET /api/polls", s.needs(mayVote, s.api))
	asked.HandleFunc("POST /events/user-removed", s.userRemoved)
	all := http.NewServeMux()
	all.HandleFunc("GET /_plexica/ready", s.ready)
	all.Handle("/", newVerifier(self).believed(http.MaxBytesHandler(asked, maxBodyBytes)))
	return all
}

func (s *site) needs(permission string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !claimsOf(r).may(permission) {
			answerProblem(w, http.StatusForbidden, "This needs the permission "+permission+".")
			return
		}
		next(w, r)
	}
}

func (s *site) ready(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{
		"contract": contractVersion, "plugin": s.self.plugin, "version": s.self.version,
	})
}

func (s *site) page(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, board{})
}

func (s *site) ask(w http.ResponseWriter, r *http.Request) {
	c := claimsOf(r)
	given, err := s.host.settings(r.Context(), c.Token)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	wanted := board{Question: r.PostFormValue("question"), Lines: r.PostFormValue("choices")}
	question, labels, problem := checkQuestion(wanted.Question, wanted.Lines, given.MaxChoices)
	if problem != "" {
		wanted.Error = problem
		s.show(w, r, http.StatusBadRequest, wanted)
		return
	}
	var id int64
	err = s.databases.do(r.Context(), c, func(db *sql.DB) error {
		id, err = addPoll(r.Context(), db, question, nameOf(c), labels)
		return err
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	// The poll is there, whether the others hear of it or not.
	payload := map[string]any{"poll": id, "question": question}
	if err := s.host.publish(r.Context(), c.Token, "polls.poll_asked", payload); err != nil {
		s.note(r, err)
	}
	s.showAgain(w, r)
}

func (s *site) vote(w http.ResponseWriter, r *http.Request) {
	c := claimsOf(r)
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	position, errPosition := strconv.ParseInt(r.PostFormValue("choice"), 10, 16)
	if err != nil || errPosition != nil || c.User == nil {
		answerProblem(w, http.StatusBadRequest, "Say which of the choices.")
		return
	}
	err = s.databases.do(r.Context(), c, func(db *sql.DB) error {
		return vote(r.Context(), db, id, int(position), c.User.ID)
	})
	switch {
	case errors.Is(err, errNoPoll):
		answerProblem(w, http.StatusNotFound, "There is no such poll.")
	case err != nil:
		s.fail(w, r, err)
	default:
		s.showAgain(w, r)
	}
}

func (s *site) widget(w http.ResponseWriter, r *http.Request) {
	found, err := s.polls(r, 1)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "widget.html", found)
}

// api answers programs with the results, signed if the workspace has set a key.
func (s *site) api(w http.ResponseWriter, r *http.Request) {
	given, err := s.host.settings(r.Context(), claimsOf(r).Token)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	found, err := s.polls(r, maxShown)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	content, err := json.Marshal(found)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answer := map[string]any{"results": json.RawMessage(content)}
	if given.SigningKey != "" {
		mac := hmac.New(sha256.New, []byte(given.SigningKey))
		mac.Write(content)
		answer["signature"] = hex.EncodeToString(mac.Sum(nil))
	}
	answerJSON(w, http.StatusOK, answer)
}

// userRemoved forgets what somebody has voted who is there no more. It may come twice.
func (s *site) userRemoved(w http.ResponseWriter, r *http.Request) {
	c := claimsOf(r)
	var event struct {
		Payload struct {
			User string `json:"user"`
		} `json:"payload"`
	}
	content, err := io.ReadAll(r.Body)
	if c.Via != "event" || err != nil || json.Unmarshal(content, &event) != nil || event.Payload.User == "" {
		answerProblem(w, http.StatusBadRequest, "This is no event of somebody's removal.")
		return
	}
	err = s.databases.do(r.Context(), c, func(db *sql.DB) error {
		return forgetVoter(r.Context(), db, event.Payload.User)
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *site) polls(r *http.Request, most int) (found []poll, err error) {
	c := claimsOf(r)
	voter := ""
	if c.User != nil {
		voter = c.User.ID
	}
	err = s.databases.do(r.Context(), c, func(db *sql.DB) error {
		found, err = listPolls(r.Context(), db, voter, most)
		return err
	})
	return found, err
}

// showAgain answers HTMX with the board anew, and leads a plain form back to the page.
func (s *site) showAgain(w http.ResponseWriter, r *http.Request) {
	if claimsOf(r).Via == "page" {
		http.Redirect(w, r, r.Header.Get("Plexica-Prefix")+"/", http.StatusSeeOther)
		return
	}
	s.show(w, r, http.StatusOK, board{})
}

func (s *site) show(w http.ResponseWriter, r *http.Request, status int, with board) {
	c := claimsOf(r)
	given, err := s.host.settings(r.Context(), c.Token)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if with.Polls, err = s.polls(r, maxShown); err != nil {
		s.fail(w, r, err)
		return
	}
	with.Prefix, with.CSRF = r.Header.Get("Plexica-Prefix"), c.CSRF
	with.MayAsk, with.MaxChoices = c.may(mayAsk), given.MaxChoices
	s.render(w, r, status, "board.html", with)
}

func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, with any) {
	var content bytes.Buffer
	if err := templates.ExecuteTemplate(&content, name, with); err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(content.Bytes())
}

func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.note(r, err)
	answerProblem(w, http.StatusServiceUnavailable, "This cannot be done now. Try again later.")
}

func (s *site) note(r *http.Request, err error) {
	log.Printf("%s %s (request %s): %v", r.Method, r.URL.Path, claimsOf(r).Request.ID, err)
}

func nameOf(c *claims) string {
	if c.User == nil {
		return ""
	}
	return c.User.Name
}

func answerProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}

func answerJSON(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}
