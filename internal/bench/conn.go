package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// Conn is a keep-alive HTTP/1.1 connection with one request in flight. It is
// written by hand so that the load costs little of the machine it shares.
type Conn struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

// answerLimit bounds how long an answer may take, and its size.
const (
	answerLimit = 30 * time.Second
	answerSize  = 1 << 20
)

// Dial connects to a server, host:port.
func Dial(ctx context.Context, address string) (*Conn, error) {
	c, err := (&net.Dialer{Timeout: answerLimit}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: c, in: bufio.NewReaderSize(c, 16<<10)}, nil
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// ExchangeCall gives the bytes of an HTTP request that posts a signed request.
func ExchangeCall(address, compact string) []byte {
	b := make([]byte, 0, len(compact)+192)
	b = append(b, "POST /exchange/v1 HTTP/1.1\r\nHost: "...)
	b = append(b, address...)
	b = append(b, "\r\nContent-Type: application/jose\r\nAccept: application/jose\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(compact)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, compact...)
}

// Do sends a request made by ExchangeCall and reads the answer. The body is
// valid until the next call.
func (c *Conn) Do(call []byte) (status int, body []byte, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(call); err != nil {
		return 0, nil, err
	}
	return c.read()
}

// read reads one answer: a status line, headers, and a body whose length is
// declared or that comes in chunks.
func (c *Conn) read() (status int, body []byte, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("not an HTTP/1.1 answer: %q", line)
	}
	status, err = strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, nil, fmt.Errorf("not an HTTP/1.1 answer: %q", line)
	}
	length, chunked, err := c.headers()
	if err != nil {
		return 0, nil, err
	}
	c.body = c.body[:0]
	switch {
	case chunked:
		err = c.chunks()
	case length >= 0:
		err = c.append(length)
	default:
		err = errors.New("an answer without a length")
	}
	return status, c.body, err
}

// headers reads the header lines, of which only two matter here. length is -1
// when there is none.
func (c *Conn) headers() (length int, chunked bool, err error) {
	length = -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, chunked, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return 0, false, fmt.Errorf("a content length of %q", value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
}

// chunks reads a chunked body.
func (c *Conn) chunks() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return fmt.Errorf("a chunk of size %q", line)
		}
		if err := c.append(int(size)); err != nil {
			return err
		}
		if _, err := c.in.Discard(len("\r\n")); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

// append reads so many more bytes of the body.
func (c *Conn) append(n int) error {
	have := len(c.body)
	if have+n > answerSize {
		return errors.New("an answer that is too large")
	}
	if cap(c.body) < have+n {
		grown := make([]byte, have, 2*(have+n))
		copy(grown, c.body)
		c.body = grown
	}
	c.body = c.body[:have+n]
	_, err := io.ReadFull(c.in, c.body[have:])
	return err
}
