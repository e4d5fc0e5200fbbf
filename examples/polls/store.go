package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lib/pq"
)

const (
	maxQuestion = 200
	maxLabel    = 100
	maxShown    = 20
)

var (
	errNoPoll   = errors.New("there is no such poll, or no such choice")
	errRelation = pq.ErrorCode("23503")
)

type poll struct {
	ID       int64     `json:"id"`
	Question string    `json:"question"`
	AskedBy  string    `json:"asked_by"`
	AskedAt  time.Time `json:"asked_at"`
	Choices  []choice  `json:"choices"`
}

type choice struct {
	Position int    `json:"position"`
	Label    string `json:"label"`
	Votes    int    `json:"votes"`
	IsMine   bool   `json:"-"`
}

// Votes counts all of a poll.
func (p poll) Votes() int {
	sum := 0
	for _, each := range p.Choices {
		sum += each.Votes
	}
	return sum
}

// checkQuestion returns what is asked, or in words why it cannot be.
func checkQuestion(question, lines string, maxChoices int) (string, []string, string) {
	question = strings.TrimSpace(question)
	if question == "" || utf8.RuneCountInString(question) > maxQuestion {
		return "", nil, fmt.Sprintf("A question has 1 to %d characters.", maxQuestion)
	}
	var labels []string
	for _, line := range strings.Split(lines, "\n") {
		label := strings.TrimSpace(line)
		if label == "" {
			continue
		}
		if utf8.RuneCountInString(label) > maxLabel {
			return "", nil, fmt.Sprintf("A choice has %d characters at most.", maxLabel)
		}
		labels = append(labels, label)
	}
	if len(labels) < 2 || len(labels) > maxChoices {
		return "", nil, fmt.Sprintf("Give 2 to %d choices, each on a line of its own.", maxChoices)
	}
	return question, labels, ""
}

func addPoll(ctx context.Context, db *sql.DB, question, askedBy string, labels []string) (int64, error) {
	var id int64
	// One statement, hence one transaction.
	err := db.QueryRowContext(ctx, `
		WITH asked AS (INSERT INTO polls (question, asked_by) VALUES ($1, $2) RETURNING id),
		     given AS (INSERT INTO choices (poll, position, label)
		               SELECT asked.id, each.position, each.label
		               FROM asked, unnest($3::text[]) WITH ORDINALITY AS each (label, position))
		SELECT id FROM asked`, question, askedBy, pq.Array(labels)).Scan(&id)
	return id, err
}

// vote counts one vote of a person; a later one takes its place.
func vote(ctx context.Context, db *sql.DB, id int64, position int, voter string) error {
	_, err := db.ExecContext(ctx, `
		INSERT INTO votes (poll, position, voter) VALUES ($1, $2, $3)
		ON CONFLICT (poll, voter) DO UPDATE SET position = excluded.position`, id, position, voter)
	var refused *pq.Error
	if errors.As(err, &refused) && refused.Code == errRelation {
		return errNoPoll
	}
	return err
}

func forgetVoter(ctx context.Context, db *sql.DB, voter string) error {
	_, err := db.ExecContext(ctx, `DELETE FROM votes WHERE voter = $1`, voter)
	return err
}

// listPolls returns the newest polls with their results, and what somebody has voted.
func listPolls(ctx context.Context, db *sql.DB, voter string, most int) ([]poll, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT p.id, p.question, p.asked_by, p.asked_at, c.position, c.label,
		       count(v.voter), coalesce(bool_or(v.voter::text = $1), false)
		FROM (SELECT * FROM polls ORDER BY id DESC LIMIT $2) AS p
		JOIN choices AS c ON c.poll = p.id
		LEFT JOIN votes AS v ON v.poll = c.poll AND v.position = c.position
		GROUP BY p.id, p.question, p.asked_by, p.asked_at, c.position, c.label
		ORDER BY p.id DESC, c.position`, voter, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []poll{}
	for rows.Next() {
		var p poll
		var c choice
		err := rows.Scan(&p.ID, &p.Question, &p.AskedBy, &p.AskedAt, &c.Position, &c.Label, &c.Votes, &c.IsMine)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || found[len(found)-1].ID != p.ID {
			found = append(found, p)
		}
		last := &found[len(found)-1]
		last.Choices = append(last.Choices, c)
	}
	return found, rows.Err()
}
