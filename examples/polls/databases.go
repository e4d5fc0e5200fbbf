package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/lib/pq"
)

const (
	maxConnections = 3
	idleSeconds    = time.Minute
	// So that a password is not used in the moment in which it is changed.
	margin = 5 * time.Second
)

// databases holds the connections of installations: each reaches its own schema, and nothing else.
type databases struct {
	host  *host
	mutex sync.Mutex
	open  map[string]*opened
}

type opened struct {
	pool       *sql.DB
	validUntil time.Time
}

func newDatabases(host *host) *databases {
	return &databases{host: host, open: map[string]*opened{}}
}

func (d *databases) close() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, found := range d.open {
		found.pool.Close()
	}
}

// do works with the database of an installation. When the password is refused, the host is asked
// once for another: nothing has been done by then.
func (d *databases) do(ctx context.Context, c *claims, work func(*sql.DB) error) error {
	pool, isKnown, err := d.poolOf(ctx, c)
	if err != nil {
		return err
	}
	err = work(pool)
	if !isKnown || !isPasswordRefused(err) {
		return err
	}
	d.forget(c.Installation, pool)
	if pool, _, err = d.poolOf(ctx, c); err != nil {
		return err
	}
	return work(pool)
}

func (d *databases) poolOf(ctx context.Context, c *claims) (*sql.DB, bool, error) {
	d.mutex.Lock()
	found := d.open[c.Installation]
	d.mutex.Unlock()
	if found != nil && time.Now().Before(found.validUntil.Add(-margin)) {
		return found.pool, true, nil
	}
	got, err := d.host.database(ctx, c.Token)
	if err != nil {
		return nil, false, err
	}
	pool, err := openPool(got.URL)
	if err != nil {
		return nil, false, err
	}
	d.mutex.Lock()
	before := d.open[c.Installation]
	d.open[c.Installation] = &opened{pool, got.ValidUntil}
	d.mutex.Unlock()
	if before != nil {
		// It waits for what is under way.
		go before.pool.Close()
	}
	return pool, false, nil
}

func (d *databases) forget(installation string, pool *sql.DB) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if found := d.open[installation]; found != nil && found.pool == pool {
		delete(d.open, installation)
		go pool.Close()
	}
}

func openPool(address string) (*sql.DB, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	query := parsed.Query()
	if !query.Has("sslmode") {
		// As PostgreSQL's own clients do; this driver would insist on TLS.
		query.Set("sslmode", "prefer")
	}
	query.Set("connect_timeout", "5")
	parsed.RawQuery = query.Encode()
	connector, err := pq.NewConnector(parsed.String())
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(maxConnections)
	pool.SetMaxIdleConns(1)
	pool.SetConnMaxIdleTime(idleSeconds)
	return pool, nil
}

func isPasswordRefused(err error) bool {
	var found *pq.Error
	return errors.As(err, &found) && found.Code.Class() == "28"
}
