package agent_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/licethq/licet/internal/agent"
)

// BenchmarkWebhook enrolls ever more devices by the webhook, from many goroutines.
func BenchmarkWebhook(b *testing.B) {
	s := newSetup(b)
	source, secret, err := s.CreateSource(b.Context(), agent.NewSource{Name: "mdm", Kind: agent.SourceNanoMDM})
	must(b, err)
	s.activate(b, desktopKey, "desktop", 1_000_000)
	var n atomic.Int64
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			udid := fmt.Sprintf("U-%d", n.Add(1))
			body := authenticate(udid, "C02"+udid, "Mac14,2", s.clock.now())
			must(b, s.TakeWebhook(b.Context(), source.Name, body, signature(secret, body)))
			body = tokenUpdate(udid, s.clock.now().Add(time.Second))
			must(b, s.TakeWebhook(b.Context(), source.Name, body, signature(secret, body)))
		}
	})
}
