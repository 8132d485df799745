package licensing_test

import (
	"runtime"
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
	callers := 16 * runtime.GOMAXPROCS(0) // each with an installation of its own
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
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		n := int(next.Add(1)-1) % callers
		for at := 0; pb.Next(); at++ {
			// Whoever is faster than the others repeats its last request.
			if _, err := p.Exchange(b.Context(), requests[n][min(at, len(requests[n])-1)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
