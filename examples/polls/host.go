package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	hostSeconds    = 5 * time.Second
	maxAnswerBytes = 1024 * 1024
)

// host asks the host's API in the name of an installation, whose token each call takes.
type host struct {
	url    string
	client *http.Client
}

type settings struct {
	MaxChoices int    `json:"max_choices"`
	SigningKey string `json:"signing_key"`
}

type credential struct {
	URL        string    `json:"url"`
	ValidUntil time.Time `json:"valid_until"`
}

func newHost(url string) *host {
	return &host{url, &http.Client{
		Timeout: hostSeconds,
		// The token would go along.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute},
	}}
}

func (h *host) settings(ctx context.Context, token string) (settings, error) {
	var found struct {
		Settings settings `json:"settings"`
	}
	err := h.ask(ctx, http.MethodGet, "/installation", token, nil, &found)
	return found.Settings, err
}

func (h *host) database(ctx context.Context, token string) (credential, error) {
	var found credential
	err := h.ask(ctx, http.MethodPost, "/database", token, nil, &found)
	return found, err
}

func (h *host) publish(ctx context.Context, token, event string, payload any) error {
	body := map[string]any{"event": event, "payload": payload}
	return h.ask(ctx, http.MethodPost, "/events", token, body, nil)
}

func (h *host) ask(ctx context.Context, method, path, token string, body, into any) error {
	content := []byte{}
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, h.url+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := h.client.Do(request)
	if err != nil {
		return fmt.Errorf("the host does not answer %s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	found, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
	if err != nil {
		return err
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the host answered %s %s with %d", method, path, answer.StatusCode)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(found, into)
}
