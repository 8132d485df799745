package bench

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// item is one request of a load, ready to be sent.
type item struct {
	call    []byte        // the HTTP request
	request string        // the signed request in it
	row     *Installation // who asks
	serial  int64         // of the answer; 0 for a receipt of a preview
}

// source gives the clients of a load their requests.
type source interface {
	// prepare signs about n requests ahead of a run.
	prepare(ctx context.Context, n int) error
	// next gives a client its next request; ok is false when there are no more.
	next(client int) (i item, ok bool, err error)
}

// rows is a source in which every client calls in turn for rows of its own. It
// never ends: what is not signed ahead is signed when it is asked for.
type rows struct {
	address string
	sign    func(*Installation) (string, error)
	clients []rowsOfClient
}

type rowsOfClient struct {
	rows  []*Installation
	turn  int
	queue []item
}

// prepare fills every client's queue. What is left of the last run stays in
// front, since a row's requests have an order.
func (s *rows) prepare(ctx context.Context, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range s.clients {
		group.Go(func() error {
			c := &s.clients[i]
			for len(c.queue) < n/len(s.clients) && ctx.Err() == nil {
				ahead, err := s.make(c)
				if err != nil {
					return err
				}
				c.queue = append(c.queue, ahead)
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

func (s *rows) next(client int) (item, bool, error) {
	c := &s.clients[client]
	if len(c.queue) == 0 {
		i, err := s.make(c)
		return i, err == nil, err
	}
	i := c.queue[0]
	c.queue[0] = item{}
	c.queue = c.queue[1:]
	return i, true, nil
}

// make signs the next request of the client's next row.
func (s *rows) make(c *rowsOfClient) (item, error) {
	row := c.rows[c.turn%len(c.rows)]
	c.turn++
	compact, err := s.sign(row)
	if err != nil {
		return item{}, err
	}
	return item{call: ExchangeCall(s.address, compact), request: compact, row: row, serial: row.serial}, nil
}

// activations is a source that binds a fresh key to a fresh installation each
// time, so it ends when the keys that were prepared are used up.
type activations struct {
	address string
	keys    func(ctx context.Context, n int) ([]string, error) // issues that many
	fresh   func() (*Installation, error)
	items   []item
	taken   atomic.Int64
}

// prepare issues keys and signs an activation with each.
func (s *activations) prepare(ctx context.Context, n int) error {
	s.items = s.items[min(int(s.taken.Swap(0)), len(s.items)):]
	missing := n - len(s.items)
	if missing <= 0 {
		return nil
	}
	keys, err := s.keys(ctx, missing)
	if err != nil {
		return err
	}
	ahead := make([]item, len(keys))
	group, _ := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, key := range keys {
		group.Go(func() error {
			row, err := s.fresh()
			if err != nil {
				return err
			}
			compact, err := row.Activate(key)
			ahead[i] = item{call: ExchangeCall(s.address, compact), request: compact, row: row, serial: 1}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.items = append(s.items, ahead...)
	return nil
}

func (s *activations) next(int) (item, bool, error) {
	i := int(s.taken.Add(1)) - 1
	if i >= len(s.items) {
		return item{}, false, nil
	}
	taken := s.items[i]
	s.items[i] = item{}
	return taken, true, nil
}

// newRows makes rows for so many clients.
func newRows(clients, each int, address string, p Publisher, sign func(*Installation) (string, error)) (*rows, error) {
	s := &rows{address: address, sign: sign, clients: make([]rowsOfClient, clients)}
	for i := range s.clients {
		for range each {
			row, err := NewInstallation(p, rand.Reader, time.Now)
			if err != nil {
				return nil, err
			}
			s.clients[i].rows = append(s.clients[i].rows, row)
		}
	}
	return s, nil
}

// all gives the rows of all clients.
func (s *rows) all() []*Installation {
	var list []*Installation
	for _, c := range s.clients {
		list = append(list, c.rows...)
	}
	return list
}

// previewOf gives a function that previews one of the keys after the other.
func previewOf(keys []string) func(*Installation) (string, error) {
	var turn atomic.Int64
	return func(row *Installation) (string, error) {
		return row.Preview(keys[int(turn.Add(1))%len(keys)])
	}
}
