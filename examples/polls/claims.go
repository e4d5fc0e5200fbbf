package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	issuer          = "plexica"
	contextHeader   = "Plexica-Context"
	contextType     = "plexica-context+jwt"
	maxContextBytes = 64 * 1024
	grace           = 5 * time.Second
	// The host says 30 seconds; this bounds how long an id is remembered, and how many there are.
	maxLifetime   = 60 * time.Second
	maxRemembered = 100_000
)

var errRefused = errors.New("the context is not to be believed")

// claims is what the host says of a request: for whom it is, and what they may do.
type claims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	ID       string `json:"jti"`
	Via      string `json:"via"`
	Request  struct {
		Method string `json:"method"`
		Target string `json:"target"`
		ID     string `json:"id"`
	} `json:"req"`
	Installation string   `json:"installation"`
	User         *user    `json:"user"`
	Permissions  []string `json:"permissions"`
	Token        string   `json:"token"`
	CSRF         string   `json:"csrf"`
}

type user struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (c *claims) may(permission string) bool {
	for _, held := range c.Permissions {
		if held == permission {
			return true
		}
	}
	return false
}

// verifier believes each context once, if it was made for this backend and this request.
type verifier struct {
	key      []byte
	audience string
	mutex    sync.Mutex
	seen     map[string]int64
}

func newVerifier(self backend) *verifier {
	return &verifier{key: self.secret, audience: self.id, seen: map[string]int64{}}
}

func (v *verifier) verify(text, method, target string, now time.Time) (*claims, error) {
	found, err := v.signed(text)
	if err != nil {
		return nil, err
	}
	issued, expires := time.Unix(found.IssuedAt, 0), time.Unix(found.Expires, 0)
	switch {
	case found.Issuer != issuer, found.Audience != v.audience, found.ID == "":
		return nil, errRefused
	case now.Before(issued.Add(-grace)), !now.Before(expires), expires.After(now.Add(maxLifetime)):
		return nil, errRefused
	case found.Request.Method != method, found.Request.Target != target:
		return nil, errRefused
	case !v.isFirst(found.ID, found.Expires, now.Unix()):
		return nil, errRefused
	}
	return found, nil
}

// signed returns the claims of a token that the host has signed. No other algorithm is looked for.
func (v *verifier) signed(text string) (*claims, error) {
	parts := strings.Split(text, ".")
	if len(text) > maxContextBytes || len(parts) != 3 {
		return nil, errRefused
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, errRefused
	}
	mac := hmac.New(sha256.New, v.key)
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(signature, mac.Sum(nil)) {
		return nil, errRefused
	}
	var header struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
	}
	if decode(parts[0], &header) != nil || header.Algorithm != "HS256" || header.Type != contextType {
		return nil, errRefused
	}
	found := &claims{}
	if decode(parts[1], found) != nil {
		return nil, errRefused
	}
	return found, nil
}

func (v *verifier) isFirst(id string, expires, now int64) bool {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if _, is := v.seen[id]; is {
		return false
	}
	if len(v.seen) >= maxRemembered {
		for old, end := range v.seen {
			if end <= now {
				delete(v.seen, old)
			}
		}
		// Forgetting one whose time is not over would let it in twice.
		if len(v.seen) >= maxRemembered {
			return false
		}
	}
	v.seen[id] = expires
	return true
}

func decode(part string, into any) error {
	content, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

type claimsKey struct{}

// believed lets through what the host has signed; handlers find its claims in the request.
func (v *verifier) believed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, err := v.verify(r.Header.Get(contextHeader), r.Method, r.RequestURI, time.Now())
		if err != nil {
			answerProblem(w, http.StatusUnauthorized, "This request does not come from the host.")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, found)))
	})
}

func claimsOf(r *http.Request) *claims {
	return r.Context().Value(claimsKey{}).(*claims)
}
