package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load drives one server over as many connections as it has clients.
type load struct {
	address string
	conns   []*Conn
}

// Every sampleEvery-th answer of a client is kept to be checked in full, at
// most sampleMost of them a run.
const (
	sampleEvery = 128
	sampleMost  = 4
	errorsMost  = 100 // of one client; a run with so many is over
)

// sample is an answer to check in full, with what it answers.
type sample struct {
	item   item
	answer string
}

func newLoad(ctx context.Context, address string, clients int) (*load, error) {
	l := &load{address: address}
	for range clients {
		c, err := Dial(ctx, address)
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.conns = append(l.conns, c)
	}
	return l, nil
}

func (l *load) close() error {
	var errs []error
	for _, c := range l.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// client is what one client of a run saw.
type client struct {
	answers, errors int64
	first           error
	times           []time.Duration
	samples         []sample
	end             time.Time
}

// run drives a source for a time, or until it ends, with one goroutine and one
// connection a client.
func (l *load) run(ctx context.Context, s source, d time.Duration) (measurement, []sample, error) {
	clients := make([]client, len(l.conns))
	start := make(chan struct{})
	var began time.Time
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			<-start
			l.drive(ctx, i, s, began.Add(d), &clients[i])
		})
	}
	began = time.Now()
	close(start)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return measurement{}, nil, err
	}
	return merge(clients, began)
}

// drive sends one client's requests, each when the one before it is answered.
func (l *load) drive(ctx context.Context, i int, s source, deadline time.Time, c *client) {
	for c.end = time.Now(); c.end.Before(deadline) && ctx.Err() == nil && c.errors < errorsMost; {
		next, ok, err := s.next(i)
		if err != nil {
			c.fail(err)
			return
		}
		if !ok {
			return
		}
		begin := time.Now()
		status, body, err := l.conns[i].Do(next.call)
		c.end = time.Now()
		if err != nil {
			c.fail(err)
			return // the connection is of no use any more
		}
		c.times = append(c.times, c.end.Sub(begin))
		c.answers++
		c.look(next, status, body)
	}
}

// look gives every answer a cheap look and keeps some for a thorough one.
func (c *client) look(asked item, status int, body []byte) {
	if status != http.StatusOK {
		c.fail(fmt.Errorf("status %d: %s", status, body))
		return
	}
	serial, err := AnsweredSerial(body)
	if err != nil {
		c.fail(err)
		return
	}
	if serial != asked.serial {
		c.fail(fmt.Errorf("an answer with serial %d, want %d", serial, asked.serial))
		return
	}
	if c.answers%sampleEvery == 1 && len(c.samples) < sampleMost {
		c.samples = append(c.samples, sample{item: asked, answer: string(body)})
	}
}

func (c *client) fail(err error) {
	c.errors++
	if c.first == nil {
		c.first = err
	}
}

// merge sums up what the clients saw. The error is the first that one met.
func merge(clients []client, began time.Time) (measurement, []sample, error) {
	var m measurement
	var samples []sample
	var first error
	for _, c := range clients {
		m.answers += c.answers
		m.errors += c.errors
		m.times = append(m.times, c.times...)
		m.elapsed = max(m.elapsed, c.end.Sub(began))
		samples = append(samples, c.samples...)
		if first == nil {
			first = c.first
		}
	}
	slices.Sort(m.times)
	return m, samples, first
}
