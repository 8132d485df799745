package client

import (
	"context"

	"github.com/licethq/licet/licensefile"
)

// RequestFile gives the armored request for an exchange by file. The request
// stays pending: asking again gives the same bytes, until Load takes its answer
// or Abandon starts over. Key is for activations only.
//
// A deactivation has two steps: with the request file the row is deactivated
// here at once, and the publisher releases the key when the file is uploaded
// (P9). Discarding the file afterwards does not bring the row back.
func (c *Client) RequestFile(ctx context.Context, kind licensefile.Kind, slot licensefile.SlotRef, key string, usage []licensefile.Usage) ([]byte, error) {
	if kind == licensefile.KindPreview {
		return nil, &licensefile.Refusal{
			Code:    licensefile.CodeRequestInvalid,
			Message: "A preview is made online only. By file, the answer to an activation can be looked at before it is loaded.",
		}
	}
	leave, err := c.exchanges.enter(ctx, slot)
	if err != nil {
		return nil, err
	}
	defer leave()
	var file []byte
	err = c.update(ctx, func(in *Installation) error {
		p, _, err := c.prepare(in, ask{kind, licensefile.Offline, slot, key, usage})
		if err != nil {
			return err
		}
		if kind == licensefile.KindDeactivate {
			s := in.slot(slot)
			s.Deactivated, s.License, s.OverSince = true, "", nil
		}
		file = p.File()
		return nil
	})
	return file, err
}

// Pending gives the slot's request that waits for its answer; nil with none.
func (c *Client) Pending(ctx context.Context, slot licensefile.SlotRef) (*Pending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	s := in.slot(slot)
	if s == nil {
		return nil, nil
	}
	clone := s.clone()
	return clone.Pending, nil
}

// Abandon discards the slot's pending request, to start over. The next request
// is signed above it, so that an answer which still comes does no harm.
func (c *Client) Abandon(ctx context.Context, slot licensefile.SlotRef) error {
	leave, err := c.exchanges.enter(ctx, slot)
	if err != nil {
		return err
	}
	defer leave()
	return c.update(ctx, func(in *Installation) error {
		if s := in.slot(slot); s != nil {
			s.Pending = nil
		}
		return nil
	})
}

// Load takes an armored answer: to a pending request, or a license or receipt
// that the publisher made without one. It is accepted only if it is newer than
// what is held.
func (c *Client) Load(ctx context.Context, file []byte) (*Outcome, error) {
	compact, ref, err := readAnswerFile(file)
	if err != nil {
		return nil, err
	}
	leave, err := c.exchanges.enter(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.takeAnswer(ctx, ref, compact)
}

// Inspect says what Load would do with a file, and does nothing: for a page that
// shows a license before it is activated.
func (c *Client) Inspect(ctx context.Context, file []byte) (*Outcome, error) {
	compact, ref, err := readAnswerFile(file)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	in, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	return c.take(in.clone(), ref, compact)
}

// readAnswerFile takes the message out of an answer's file, and the slot that it
// says it is for.
func readAnswerFile(file []byte) (compact string, ref licensefile.SlotRef, err error) {
	label, compact, err := licensefile.Dearmor(file)
	if err != nil {
		return "", ref, err
	}
	peeked, err := licensefile.Peek(compact)
	if err != nil {
		return "", ref, err
	}
	typ := map[licensefile.Armored]string{
		licensefile.ArmorLicense: licensefile.TypeLicense,
		licensefile.ArmorReceipt: licensefile.TypeReceipt,
	}[label]
	if typ == "" || peeked.Type != typ {
		return "", ref, licensefile.NewRefusal(licensefile.CodeWrongType, nil)
	}
	return compact, peeked.Slot, nil
}
