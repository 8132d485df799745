package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is what Measure found. Its JSON form is stable.
type Result struct {
	Machine    string      `json:"machine"`
	Operations []Operation `json:"operations"`
	RSS        float64     `json:"rss_mb"` // greatest resident memory of the server under the load, in MiB
}

// Operation is the median of an operation's runs.
type Operation struct {
	Name   string  `json:"name"`
	Rate   float64 `json:"rate"` // answers a second
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	P999   float64 `json:"p999_ms"`
	Errors int64   `json:"errors"` // of all runs
	Ratio  float64 `json:"ratio_to_sign_only"`
}

// measurement is one run of one operation.
type measurement struct {
	answers int64
	errors  int64
	elapsed time.Duration
	times   []time.Duration // sorted
}

func (m measurement) rate() float64 {
	if m.elapsed <= 0 {
		return 0
	}
	return float64(m.answers) / m.elapsed.Seconds()
}

// percentile gives the time that the given share of answers did not exceed, in
// milliseconds.
func (m measurement) percentile(share float64) float64 {
	if len(m.times) == 0 {
		return 0
	}
	i := int(math.Ceil(share*float64(len(m.times)))) - 1
	return float64(m.times[max(i, 0)].Microseconds()) / 1000
}

// summarize gives the median figures of an operation's runs. baseline holds the
// runs of the baseline, taken in turn with these.
func summarize(name string, runs, baseline []measurement) Operation {
	o := Operation{Name: name}
	var rates, p50, p99, p999, ratios []float64
	for i, m := range runs {
		o.Errors += m.errors
		rates = append(rates, m.rate())
		p50 = append(p50, m.percentile(0.5))
		p99 = append(p99, m.percentile(0.99))
		p999 = append(p999, m.percentile(0.999))
		if base := baseline[i].rate(); base > 0 {
			ratios = append(ratios, m.rate()/base)
		}
	}
	o.Rate = rounded(median(rates), 0)
	o.P50, o.P99, o.P999 = rounded(median(p50), 2), rounded(median(p99), 2), rounded(median(p999), 2)
	o.Ratio = rounded(median(ratios), 3)
	return o
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func rounded(value float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(value*scale) / scale
}

// Check gives an error when an answer was wrong, or when the ratio to the
// baseline of an operation on an existing row is below least. An activation
// writes five rows and an event, so its own floor is a rate.
func (r Result) Check(least float64) error {
	var faults []string
	for _, o := range r.Operations {
		if o.Errors > 0 {
			faults = append(faults, fmt.Sprintf("%s: %d errors", o.Name, o.Errors))
		}
		if o.Name != opActivate && o.Ratio < least {
			faults = append(faults, fmt.Sprintf("%s: %.3f of the baseline's rate, which is below %.2f", o.Name, o.Ratio, least))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	return nil
}

// Print writes the result as a table for people.
func (r Result) Print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n\n", r.Machine)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "operation\trate/s\tp50 ms\tp99 ms\tp99.9 ms\terrors\tratio\t")
	for _, o := range r.Operations {
		fmt.Fprintf(t, "%s\t%.0f\t%.2f\t%.2f\t%.2f\t%d\t%.3f\t\n", o.Name, o.Rate, o.P50, o.P99, o.P999, o.Errors, o.Ratio)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nserver memory: %.0f MiB resident\n", r.RSS)
	return err
}
