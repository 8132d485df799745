package licensing_test

import (
	"sync/atomic"
	"testing"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/database/databasetest"
	"github.com/licethq/licet/licensefile"
)

// BenchmarkCheckIn measures what a check-in costs below HTTP: opening the
// request, judging it twice, storing it and signing the answer. Signing the
// requests is not counted.
func BenchmarkCheckIn(b *testing.B) {
	p := newPublisher(b, databasetest.Open(b, database.ServerSchema()))
	plan := p.plan(nil)
	const callers = 64
	installations := make([]*installation, callers)
	requests := make([][]string, callers)
	for n := range installations {
		i := p.install().activate(p.sell(plan, nil).key)
		installations[n] = i
		for range b.N/callers + 1 {
			r := i.request(licensefile.KindCheckIn, i.using(5))
			requests[n] = append(requests[n], i.seal(r))
		}
	}
	var next atomic.Int64
	b.SetParallelism(callers)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		n := int(next.Add(1)-1) % callers
		for at := 0; pb.Next(); at++ {
			if at >= len(requests[n]) {
				at = 0 // a repeat: the others finished late
			}
			if _, err := p.Exchange(b.Context(), requests[n][at]); err != nil && at > 0 {
				b.Error(err)
				return
			}
		}
	})
}
