package bench

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ran is a run of so many answers in a second, each after the given times.
func ran(answers int64, times ...time.Duration) measurement {
	return measurement{answers: answers, elapsed: time.Second, times: times}
}

func TestFiguresAreMediansAndRatiosPairRunsTakenInTurn(t *testing.T) {
	ms := time.Millisecond
	runs := []measurement{ran(100, ms, 2*ms, 3*ms, 4*ms), ran(300, 5*ms), ran(200, 9*ms)}
	runs[1].errors = 2
	baseline := []measurement{ran(200), ran(1000), ran(250)} // ratios 0.5, 0.3 and 0.8
	got := summarize("check_in", runs, baseline)
	want := Operation{Name: "check_in", Rate: 200, P50: 5, P99: 5, P999: 5, Errors: 2, Ratio: 0.5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summarize (-want +got):\n%s", diff)
	}
}

func TestAPercentileIsATimeThatWasMeasured(t *testing.T) {
	var times []time.Duration
	for i := range 1000 {
		times = append(times, time.Duration(i+1)*time.Millisecond)
	}
	m := measurement{times: times}
	cases := map[float64]float64{0.5: 500, 0.99: 990, 0.999: 999, 1: 1000}
	for share, want := range cases {
		if got := m.percentile(share); got != want {
			t.Errorf("percentile(%v) = %v ms, want %v", share, got, want)
		}
	}
}

func TestTheJSONHasItsMembersAndNoOthers(t *testing.T) {
	r := Result{Machine: "m", Operations: []Operation{{Name: "preview"}}, RSS: 1.5}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"machine":"m","operations":[{"name":"preview","rate":0,"p50_ms":0,"p99_ms":0,"p999_ms":0,` +
		`"errors":0,"ratio_to_sign_only":0}],"rss_mb":1.5}`
	if string(got) != want {
		t.Errorf("json = %s\nwant %s", got, want)
	}
}

func TestOneErrorOrALowRatioFails(t *testing.T) {
	cases := []struct {
		name string
		op   Operation
		want string
	}{
		{"all well", Operation{Name: opCheckIn, Ratio: 0.35}, ""},
		{"an error", Operation{Name: opCheckIn, Ratio: 1, Errors: 1}, "check_in: 1 errors"},
		{"a low ratio", Operation{Name: opRefresh, Ratio: 0.349}, "refresh: 0.349 of the baseline's rate, which is below 0.35"},
		{"an activation has its own floor", Operation{Name: opActivate, Ratio: 0.1}, ""},
		{"an error of an activation", Operation{Name: opActivate, Errors: 3}, "activate: 3 errors"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			said := ""
			if err := (Result{Operations: []Operation{c.op}}).Check(0.35); err != nil {
				said = err.Error()
			}
			if said != c.want {
				t.Errorf("Check = %q, want %q", said, c.want)
			}
		})
	}
}

func TestTheMachineIsDescribed(t *testing.T) {
	got := Machine(t.TempDir(), "sqlite")
	for _, part := range []string{" CPUs, ", "linux", "go1.", "sqlite"} {
		if !strings.Contains(got, part) {
			t.Errorf("Machine = %q, want %q in it", got, part)
		}
	}
}

func TestAMeasurementIsBounded(t *testing.T) {
	good := Config{Clients: 64, Runs: 5, Duration: time.Second}
	if err := good.Validate(); err != nil {
		t.Errorf("Validate(%+v) = %v, want nil", good, err)
	}
	bad := map[string]func(*Config){
		"no clients":        func(c *Config) { c.Clients = 0 },
		"too many clients":  func(c *Config) { c.Clients = 1025 },
		"no runs":           func(c *Config) { c.Runs = 0 },
		"too many runs":     func(c *Config) { c.Runs = 26 },
		"too short":         func(c *Config) { c.Duration = time.Millisecond },
		"too long":          func(c *Config) { c.Duration = 2 * time.Minute },
		"a negative length": func(c *Config) { c.Duration = -time.Second },
	}
	for name, change := range bad {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			if err := c.Validate(); err == nil {
				t.Errorf("Validate(%+v) = nil, want an error", c)
			}
		})
	}
}
