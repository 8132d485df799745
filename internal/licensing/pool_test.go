package licensing

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func quota(n int64) *int64 { return &n }

func reserved(n int64) Key { return Key{Kind: SublicenseKey, Quota: quota(n), Reserved: true} }
func dynamic(n int64) Key  { return Key{Kind: SublicenseKey, Quota: quota(n)} }

// figures are what people see of a pool and of one row.
type figures struct {
	Main, Free, Unused, Maximum int64
}

func TestPoolSaysWhatARowMayManage(t *testing.T) {
	// The example of P11: a total of 100, reserved 30 (10 used), dynamic 50 (20
	// used), 15 used by the primary key.
	example := Pool{Total: 100, Used: 45, Reserved: 30, ReservedInUse: 10}
	for _, c := range []struct {
		name string
		pool Pool
		key  Key
		used int64
		want figures
	}{
		{"nobody uses anything", Pool{Total: 100}, Key{}, 0, figures{100, 100, 100, 100}},
		{"one row uses some", Pool{Total: 100, Used: 15}, Key{}, 15, figures{85, 85, 85, 100}},
		{"another row competes", Pool{Total: 100, Used: 70}, Key{}, 15, figures{30, 30, 30, 45}},
		{"exactly everything", Pool{Total: 100, Used: 100}, Key{}, 100, figures{0, 0, 0, 100}},
		{"over the limit", Pool{Total: 100, Used: 130}, Key{}, 130, figures{-30, 0, -30, 100}},
		{"over by another row", Pool{Total: 100, Used: 130}, Key{}, 10, figures{-30, 0, -30, 0}},
		{"the example's primary key", example, Key{}, 15, figures{35, 35, 55, 50}},
		{"the example's reserved sublicense", example, reserved(30), 10, figures{35, 35, 55, 30}},
		{"the example's dynamic sublicense", example, dynamic(50), 20, figures{35, 35, 55, 50}},
		{"a dynamic quota that the pool cannot fill", Pool{Total: 100, Used: 90}, dynamic(50), 20, figures{10, 10, 10, 30}},
		{"a dynamic sublicense while the pool is overdrawn", Pool{Total: 10, Used: 40}, dynamic(50), 20, figures{-30, 0, -30, 0}},
		{"a reserved sublicense beyond its quota", Pool{Total: 100, Used: 12, Reserved: 10, ReservedInUse: 12}, reserved(10), 12, figures{90, 90, 88, 10}},
		{"the primary key beside it", Pool{Total: 100, Used: 12, Reserved: 10, ReservedInUse: 12}, Key{}, 0, figures{90, 90, 88, 90}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := figures{c.pool.Main(), c.pool.Free(), c.pool.Unused(), c.pool.Maximum(c.key, c.used)}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%+v, a row using %d (-want +got):\n%s", c.pool, c.used, diff)
			}
		})
	}
}

func TestDynamicAvailableIsCappedByQuotaAndPool(t *testing.T) {
	pool := Pool{Total: 100, Used: 45, Reserved: 30, ReservedInUse: 10}
	if got := pool.DynamicAvailable(50, 20); got != 30 {
		t.Errorf("the example: %d, want 30", got)
	}
	if got := pool.DynamicAvailable(80, 20); got != 35 {
		t.Errorf("a larger quota: %d, want the main pool, 35", got)
	}
	if got := pool.DynamicAvailable(10, 20); got != 0 {
		t.Errorf("a smaller quota: %d, want 0", got)
	}
}

// subscriptionOf draws keys with what their rows use, and the pool they make.
func subscriptionOf(t *rapid.T) (Pool, []Key, []int64) {
	pool := Pool{Total: rapid.Int64Range(0, 200).Draw(t, "total")}
	keys, used := []Key{{Kind: PrimaryKey}}, []int64{rapid.Int64Range(0, 150).Draw(t, "primary")}
	for range rapid.IntRange(0, 4).Draw(t, "sublicenses") {
		k := dynamic(rapid.Int64Range(0, pool.Total).Draw(t, "quota"))
		k.Reserved = rapid.Bool().Draw(t, "reserved")
		keys, used = append(keys, k), append(used, rapid.Int64Range(0, 150).Draw(t, "used"))
	}
	for i, k := range keys {
		pool = pool.after(k, 0, used[i])
		if k.Reserved {
			pool.Reserved += *k.Quota
		}
	}
	return pool, keys, used
}

func TestPoolHoldsForAnySubscription(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool, keys, used := subscriptionOf(t)
		shared, held := int64(0), int64(0)
		for i, k := range keys {
			if k.Reserved {
				held += *k.Quota
			} else {
				shared += used[i]
			}
		}
		if got := pool.Main(); got != pool.Total-held-shared {
			t.Fatalf("main = %d, want what is neither reserved nor used otherwise, %d", got, pool.Total-held-shared)
		}
		for i, k := range keys {
			maximum := pool.Maximum(k, used[i])
			over := used[i] > maximum
			switch {
			case maximum < 0:
				t.Fatalf("maximum %d is below 0", maximum)
			case k.Reserved && maximum != *k.Quota:
				t.Fatalf("a reserved sublicense may manage %d, want its quota %d", maximum, *k.Quota)
			case !k.Reserved && pool.Main() < 0 && used[i] > 0 && !over:
				t.Fatalf("the pool is overdrawn, but a row with %d of %d is not over", used[i], maximum)
			case k.Quota != nil && maximum > *k.Quota:
				t.Fatalf("maximum %d is above the quota %d", maximum, *k.Quota)
			}
		}
	})
}

func TestARowThatUsesMoreTakesFromThePoolUnlessReserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool, keys, used := subscriptionOf(t)
		i := rapid.IntRange(0, len(keys)-1).Draw(t, "row")
		more := rapid.Int64Range(0, 50).Draw(t, "more")
		after := pool.after(keys[i], used[i], used[i]+more)
		taken := more
		if keys[i].Reserved {
			taken = 0
		}
		if got := pool.Main() - after.Main(); got != taken {
			t.Fatalf("%d more took %d from the main pool, want %d", more, got, taken)
		}
		before, now := pool.Maximum(keys[i], used[i]), after.Maximum(keys[i], used[i]+more)
		if after.Main() >= 0 && now != before {
			t.Fatalf("a row's own use changed its maximum from %d to %d", before, now)
		}
	})
}
