package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"
)

var self = backend{
	id: "0b6ff7a5-8e0f-4c25-a1c2-2f1b9b3f5b11", plugin: "polls", version: "0.1.0",
	secret: []byte("0123456789abcdef0123456789abcdef"),
}

type document = map[string]any

// contextOf returns what the host would say of a request.
func contextOf(method, target, id string, now time.Time) document {
	return document{
		"iss": issuer, "aud": self.id, "iat": now.Unix(), "exp": now.Unix() + 30, "jti": id,
		"via": "page", "req": document{"method": method, "target": target, "id": "r-1"},
		"installation": "e7f0e7d8-7a0e-4a63-9df5-4c3f5fd9a4a1",
		"user":         document{"id": "7a3c7c1e-0b3c-4d8e-9d53-3c1f5f6f7a11", "name": "Ada"},
		"permissions":  []string{mayVote, mayAsk}, "token": "a-token", "csrf": "a-value",
	}
}

func signWith(key []byte, header, claims document) string {
	part := func(d document) string {
		content, _ := json.Marshal(d)
		return base64.RawURLEncoding.EncodeToString(content)
	}
	text := part(header) + "." + part(claims)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func sign(claims document) string {
	return signWith(self.secret, document{"alg": "HS256", "typ": contextType}, claims)
}

func TestAContextIsBelievedOnce(t *testing.T) {
	now := time.Now()
	v := newVerifier(self)
	text := sign(contextOf("GET", "/?page=2", "one", now))
	found, err := v.verify(text, "GET", "/?page=2", now)
	if err != nil || !found.may(mayAsk) || found.may("polls:polls:close") || found.User.Name != "Ada" {
		t.Fatalf("%v, %+v", err, found)
	}
	if _, err := v.verify(text, "GET", "/?page=2", now); err == nil {
		t.Fatal("It was believed twice.")
	}
}

func TestWhatIsNotToBeBelieved(t *testing.T) {
	now := time.Now()
	right := document{"alg": "HS256", "typ": contextType}
	with := func(name string, value any) document {
		claims := contextOf("GET", "/", "one", now)
		claims[name] = value
		return claims
	}
	for name, text := range map[string]string{
		"nothing":            "",
		"no token":           "a.b.c",
		"another key":        signWith([]byte("another"), right, with("via", "page")),
		"another algorithm":  signWith(self.secret, document{"alg": "none", "typ": contextType}, with("via", "page")),
		"another type":       signWith(self.secret, document{"alg": "HS256", "typ": "JWT"}, with("via", "page")),
		"another issuer":     sign(with("iss", "somebody")),
		"another audience":   sign(with("aud", "another")),
		"no id":              sign(with("jti", "")),
		"it is over":         sign(with("exp", now.Unix())),
		"it has not begun":   sign(with("iat", now.Unix()+10)),
		"it lasts too long":  sign(with("exp", now.Unix()+3600)),
		"another method":     sign(with("req", document{"method": "POST", "target": "/", "id": "r"})),
		"another target":     sign(with("req", document{"method": "GET", "target": "/?a", "id": "r"})),
		"a claim of no type": sign(with("permissions", "all")),
	} {
		if _, err := newVerifier(self).verify(text, "GET", "/", now); err == nil {
			t.Errorf("%s: it was believed.", name)
		}
	}
}

func TestRememberedIDsHaveABound(t *testing.T) {
	v := newVerifier(self)
	for number := range maxRemembered {
		v.seen[string(rune(number))+"-"+time.Duration(number).String()] = int64(number%2) * 100
	}
	if !v.isFirst("one", 100, 50) || len(v.seen) >= maxRemembered {
		t.Fatal("Those that are over were to make room.")
	}
}

func TestTheStartIsReadStrictly(t *testing.T) {
	right := map[string]string{
		"PLEXICA_LISTEN": "127.0.0.1:1", "PLEXICA_HOST_URL": "http://h/", "PLEXICA_BACKEND": "b",
		"PLEXICA_PLUGIN": "polls", "PLEXICA_VERSION": "0.1.0",
		"PLEXICA_SECRET": base64.RawURLEncoding.EncodeToString(self.secret),
	}
	found, err := readBackend(func(name string) string { return right[name] })
	if err != nil || found.hostURL != "http://h" {
		t.Fatal(err)
	}
	for name := range right {
		if _, err := readBackend(func(asked string) string {
			if asked == name {
				return ""
			}
			return right[asked]
		}); err == nil {
			t.Errorf("%s may be missing.", name)
		}
	}
}
