package identity

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/licethq/licet/internal/problem"
)

// Gate lets few passwords be hashed at once, in turns that are fair between
// lanes. A hash costs memory and a processor on purpose; without a gate, a flood
// of sign-ins would take both from the exchange, and with a plain queue it would
// take the turn of everybody else.
//
// A lane is a client's address, or a browser that has signed its person in
// before. Lanes are served in turn, known browsers and addresses alternating, so
// that neither a flood from one address nor one from many holds up a person in
// their own browser. Waiting is bounded, in a lane and altogether; what comes
// beyond is busy.
//
// Failures are counted by lane. A lane that used up its failures is not refused
// but slowed: its next attempt starts when the oldest failure is forgotten. So
// wrong passwords never lock out a right one.
type Gate struct {
	GateLimits

	mu       sync.Mutex
	running  int
	groups   [2]group // addresses, known browsers
	next     int      // the group whose turn it is
	failures *lru.Cache[string, *allowance]
	wake     *time.Timer // for the first slowed lane that may go on; nil for none
}

// GateLimits are the bounds of a Gate. Zero members take the defaults.
type GateLimits struct {
	AtOnce            int                        // hashes that run; 2 by default
	PerLane           int                        // attempts of a lane that wait; 8 by default
	Waiting           int                        // attempts that wait, of addresses and of known browsers each; 256 by default
	FailuresPerMinute int                        // of a lane, before it is slowed; 10 by default
	Patience          time.Duration              // an attempt that would wait longer is busy at once; 30 s by default
	Now               func() time.Time           // nil is the clock; the gate also sets timers by it
	Watch             func(running, waiting int) // told of every change; nil is fine. It must not call the gate.
}

const (
	defaultAtOnce            = 2
	defaultPerLane           = 8
	defaultWaiting           = 256
	defaultFailuresPerMinute = 10
	defaultPatience          = 30 * time.Second
	rememberedLanes          = 50_000
)

// Lane is who takes turns at the gate.
type Lane struct {
	Key   string // an address, or a browser and its person
	Known bool   // a browser that has signed its person in before
}

// group is the lanes of one kind that have waiters, in the order of their turns.
type group struct {
	lanes   []*lane
	waiting int
}

type lane struct {
	key     string
	waiters []*waiter
}

// waiter is an attempt that waits for its turn.
type waiter struct {
	turn chan error // nil for its turn, else why there is none
}

// allowance is how many more failures a lane may have at once.
type allowance struct {
	left float64
	at   time.Time
}

// NewGate makes a gate.
func NewGate(limits GateLimits) *Gate {
	set := func(n *int, usual int) {
		if *n <= 0 {
			*n = usual
		}
	}
	set(&limits.AtOnce, defaultAtOnce)
	set(&limits.PerLane, defaultPerLane)
	set(&limits.Waiting, defaultWaiting)
	set(&limits.FailuresPerMinute, defaultFailuresPerMinute)
	if limits.Patience <= 0 {
		limits.Patience = defaultPatience
	}
	if limits.Now == nil {
		limits.Now = time.Now
	}
	failures, err := lru.New[string, *allowance](rememberedLanes)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Gate{GateLimits: limits, failures: failures}
}

// Try waits for the lane's turn and runs attempt, which reports whether it was
// right; a wrong one counts as a failure of the lane. The error is busy, the end
// of ctx, or what attempt gave: an error is no failure.
func (g *Gate) Try(ctx context.Context, l Lane, attempt func() (right bool, err error)) error {
	if err := g.enter(ctx, l); err != nil {
		return err
	}
	innocent := true // also when attempt panics
	defer func() { g.leave(l, innocent) }()
	right, err := attempt()
	innocent = right || err != nil
	return err
}

// enter waits for a turn, and takes one failure from the lane in advance, so that
// attempts side by side do not share one.
func (g *Gate) enter(ctx context.Context, l Lane) error {
	g.mu.Lock()
	w, err := g.line(l)
	if err == nil {
		g.serve()
	}
	g.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case err := <-w.turn:
		return err
	case <-ctx.Done():
	}
	g.mu.Lock()
	left := g.remove(l, w)
	g.mu.Unlock()
	if left {
		return ctx.Err()
	}
	if err := <-w.turn; err != nil { // its turn came at the same moment
		return err
	}
	g.leave(l, true)
	return ctx.Err()
}

// leave ends a turn; an innocent one gets its failure back.
func (g *Gate) leave(l Lane, innocent bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if innocent {
		g.giveBack(l.Key)
	}
	g.serve()
}

// line puts an attempt at the end of its lane, or says busy.
func (g *Gate) line(l Lane) (*waiter, error) {
	group := g.group(l)
	in := group.lane(l.Key)
	ahead := 0
	if in != nil {
		ahead = len(in.waiters)
	}
	if wait := g.wait(l.Key, ahead); ahead >= g.PerLane || wait > g.Patience {
		return nil, busy(wait)
	}
	if group.waiting >= g.Waiting && !group.displace(ahead) {
		return nil, busy(0)
	}
	if in == nil {
		in = &lane{key: l.Key}
		group.lanes = append(group.lanes, in)
	}
	w := &waiter{turn: make(chan error, 1)}
	in.waiters = append(in.waiters, w)
	group.waiting++
	g.watch()
	return w, nil
}

// busy says when to try again.
func busy(wait time.Duration) error {
	p := problem.New(problem.Busy)
	p.RetryAfter = max(wait, time.Second)
	return p
}

func (g *Gate) group(l Lane) *group {
	if l.Known {
		return &g.groups[1]
	}
	return &g.groups[0]
}

func (g *group) lane(key string) *lane {
	for _, l := range g.lanes {
		if l.key == key {
			return l
		}
	}
	return nil
}

// displace sends the last attempt of the longest lane away, for one of a lane
// that has two fewer waiting: a flood makes room for others.
func (g *group) displace(ahead int) bool {
	var longest *lane
	for _, l := range g.lanes {
		if longest == nil || len(l.waiters) > len(longest.waiters) {
			longest = l
		}
	}
	if longest == nil || len(longest.waiters) < ahead+2 {
		return false
	}
	last := len(longest.waiters) - 1
	longest.waiters[last].turn <- busy(0)
	longest.waiters = longest.waiters[:last]
	g.waiting--
	return true
}

// remove takes an attempt whose caller has left out of its lane; false when it is
// not there any more.
func (g *Gate) remove(l Lane, w *waiter) bool {
	group := g.group(l)
	for i, in := range group.lanes {
		if in.key != l.Key {
			continue
		}
		for j, other := range in.waiters {
			if other == w {
				in.waiters = append(in.waiters[:j:j], in.waiters[j+1:]...)
				group.waiting--
				if len(in.waiters) == 0 {
					group.lanes = append(group.lanes[:i:i], group.lanes[i+1:]...)
				}
				return true
			}
		}
	}
	return false
}

// serve starts attempts while turns are free.
func (g *Gate) serve() {
	for g.running < g.AtOnce {
		w := g.pick()
		if w == nil {
			break
		}
		g.running++
		g.watch()
		w.turn <- nil
	}
	g.setWake()
}

func (g *Gate) watch() {
	if g.Watch != nil {
		g.Watch(g.running, g.groups[0].waiting+g.groups[1].waiting)
	}
}

// pick takes the next attempt: of the group whose turn it is, else of the other.
func (g *Gate) pick() *waiter {
	for range g.groups {
		group := &g.groups[g.next]
		g.next = (g.next + 1) % len(g.groups)
		if w := g.pickOf(group); w != nil {
			return w
		}
	}
	return nil
}

// pickOf takes the first attempt of the first lane that is not slowed, and puts
// the lane at the end.
func (g *Gate) pickOf(group *group) *waiter {
	for i, l := range group.lanes {
		if g.wait(l.key, 0) > 0 {
			continue
		}
		g.take(l.key)
		w := l.waiters[0]
		l.waiters = l.waiters[1:]
		group.waiting--
		group.lanes = append(group.lanes[:i:i], group.lanes[i+1:]...)
		if len(l.waiters) > 0 {
			group.lanes = append(group.lanes, l)
		}
		return w
	}
	return nil
}

// setWake makes the gate look again when the first slowed lane may go on.
func (g *Gate) setWake() {
	if g.wake != nil {
		g.wake.Stop()
		g.wake = nil
	}
	if g.running >= g.AtOnce {
		return // whoever leaves looks again
	}
	first := time.Duration(0)
	for i := range g.groups {
		for _, l := range g.groups[i].lanes {
			if wait := g.wait(l.key, 0); first == 0 || wait < first {
				first = wait
			}
		}
	}
	if first > 0 {
		g.wake = time.AfterFunc(first, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.serve()
		})
	}
}

// every is how long a failure is remembered once all are used up.
func (g *Gate) every() time.Duration { return time.Minute / time.Duration(g.FailuresPerMinute) }

// allowanceOf gives what a lane has left now; nil for a lane that never failed.
func (g *Gate) allowanceOf(key string) *allowance {
	a, ok := g.failures.Get(key)
	if !ok {
		return nil
	}
	now := g.Now()
	a.left = min(a.left+float64(now.Sub(a.at))/float64(g.every()), float64(g.FailuresPerMinute))
	a.at = now
	return a
}

// wait tells how long a lane has to wait before an attempt that has others ahead.
func (g *Gate) wait(key string, ahead int) time.Duration {
	a := g.allowanceOf(key)
	if a == nil {
		return 0
	}
	// A nanosecond more than enough, since the sum of fractions may fall short.
	lacking := float64(1+ahead) - a.left
	if lacking <= 1e-9 {
		return 0
	}
	return time.Duration(lacking*float64(g.every())) + 1
}

func (g *Gate) take(key string) {
	a := g.allowanceOf(key)
	if a == nil {
		a = &allowance{left: float64(g.FailuresPerMinute), at: g.Now()}
		g.failures.Add(key, a)
	}
	a.left--
}

func (g *Gate) giveBack(key string) {
	a := g.allowanceOf(key)
	if a == nil {
		return
	}
	a.left++
	if a.left >= float64(g.FailuresPerMinute) {
		g.failures.Remove(key)
	}
}
