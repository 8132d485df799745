package licensing

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPoolSaysWhatARowMayManage(t *testing.T) {
	for _, c := range []struct {
		name                  string
		pool                  Pool
		row                   int64
		main, unused, maximum int64
	}{
		{"nobody uses anything", Pool{Total: 100}, 0, 100, 100, 100},
		{"one row uses some", Pool{Total: 100, Used: 15}, 15, 85, 85, 100},
		{"another row competes", Pool{Total: 100, Used: 70}, 15, 30, 30, 45},
		{"exactly everything", Pool{Total: 100, Used: 100}, 100, 0, 0, 100},
		{"over the limit", Pool{Total: 100, Used: 130}, 130, -30, 0, 100},
		{"over by another row", Pool{Total: 100, Used: 130}, 10, -30, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.pool.Main(); got != c.main {
				t.Errorf("main = %d, want %d", got, c.main)
			}
			if got := c.pool.Unused(); got != c.unused {
				t.Errorf("unused = %d, want %d", got, c.unused)
			}
			if got := c.pool.Maximum(c.row); got != c.maximum {
				t.Errorf("maximum of a row that uses %d = %d, want %d", c.row, got, c.maximum)
			}
		})
	}
}

func TestRowIsOverExactlyWhenThePoolIsNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		used := rapid.Int64Range(1, 1000).Draw(t, "used")
		pool := Pool{Total: rapid.Int64Range(0, 1000).Draw(t, "total"), Used: used + rapid.Int64Range(0, 1000).Draw(t, "others")}
		if over := used > pool.Maximum(used); over != (pool.Main() < 0) {
			t.Fatalf("%+v, a row that uses %d: over = %v", pool, used, over)
		}
	})
}

func TestPoolFollowsARow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.Int64Range(0, 1000).Draw(t, "before")
		after := rapid.Int64Range(0, 1000).Draw(t, "after")
		pool := Pool{Total: 500, Used: before}
		if got := pool.after(before, after).Used; got != after {
			t.Fatalf("used = %d, want %d", got, after)
		}
	})
}
