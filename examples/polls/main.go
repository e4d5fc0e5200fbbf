// Command polls is a plugin of Plexica in Go: a web service that knows the host by its contract
// alone (docs/plugins/contract.md).
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	contractVersion = 1
	secretBytes     = 32
	maxBodyBytes    = 64 * 1024
	// The host waits ten seconds for the end, and as long for each answer.
	endSeconds    = 7 * time.Second
	answerSeconds = 9 * time.Second
)

// backend is this process as the host knows it, by the variables of its start.
type backend struct {
	listen, hostURL, id, plugin, version string
	secret                               []byte
}

func readBackend(value func(string) string) (backend, error) {
	found := backend{
		listen:  value("PLEXICA_LISTEN"),
		hostURL: strings.TrimSuffix(value("PLEXICA_HOST_URL"), "/"),
		id:      value("PLEXICA_BACKEND"),
		plugin:  value("PLEXICA_PLUGIN"),
		version: value("PLEXICA_VERSION"),
	}
	for _, text := range []string{found.listen, found.hostURL, found.id, found.plugin, found.version} {
		if text == "" {
			return backend{}, errors.New("the host sets PLEXICA_… when it starts a plugin; one is missing")
		}
	}
	secret, err := base64.RawURLEncoding.DecodeString(value("PLEXICA_SECRET"))
	if err != nil || len(secret) != secretBytes {
		return backend{}, errors.New("PLEXICA_SECRET has to be 32 bytes in URL-safe Base64 without padding")
	}
	found.secret = secret
	return found, nil
}

func run() error {
	self, err := readBackend(os.Getenv)
	if err != nil {
		return err
	}
	host := newHost(self.hostURL)
	databases := newDatabases(host)
	defer databases.close()
	server := &http.Server{
		Addr:              self.listen,
		Handler:           routes(self, host, databases),
		ReadHeaderTimeout: answerSeconds,
		ReadTimeout:       answerSeconds,
		WriteTimeout:      answerSeconds,
	}
	ending, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Printf("%s %s answers on %s", self.plugin, self.version, self.listen)
	select {
	case err := <-failed:
		return err
	case <-ending.Done():
	}
	// What is under way is answered first.
	patience, cancel := context.WithTimeout(context.Background(), endSeconds)
	defer cancel()
	return server.Shutdown(patience)
}

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
