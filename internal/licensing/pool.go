package licensing

// Pool is a subscription's licenses and what is taken of them (P11). What an
// ended sublicense used and reserved is not in it.
type Pool struct {
	Total         int64 // licenses owned
	Used          int64 // by all live rows, as last reported; may exceed Total
	Reserved      int64 // sum of the quotas of reserved sublicenses
	ReservedInUse int64 // by the rows of those, perhaps more than their quotas
}

// Main is the main pool: what is neither used nor reserved. It is negative when
// rows of the primary key and of dynamic sublicenses use more than is left to
// them. What a reserved sublicense uses beyond its quota does not touch it.
func (p Pool) Main() int64 { return p.Total - p.Used - p.Reserved + p.ReservedInUse }

// Free is how many licenses can still be reserved: Main, never below zero.
func (p Pool) Free() int64 { return max(0, p.Main()) }

// ReservedAvailable is what reserved sublicenses have left.
func (p Pool) ReservedAvailable() int64 { return p.Reserved - p.ReservedInUse }

// Unused is what nobody uses, in the main pool or reserved.
func (p Pool) Unused() int64 { return p.Main() + p.ReservedAvailable() }

// DynamicAvailable is how many more licenses the rows of a dynamic sublicense,
// which use some of its quota, may take.
func (p Pool) DynamicAvailable(quota, used int64) int64 { return max(0, min(quota-used, p.Main())) }

// Maximum is how many devices a row of a key, which uses some of the licenses
// itself, may manage. Of a reserved sublicense it is the quota; the others have
// what they use and what the main pool holds, a dynamic sublicense no more than
// its quota.
func (p Pool) Maximum(k Key, used int64) int64 {
	shared := max(0, used+p.Main())
	switch {
	case k.Quota == nil:
		return shared
	case k.Reserved:
		return *k.Quota
	default:
		return min(*k.Quota, shared)
	}
}

// after gives the pool once a row of a key that used before uses now.
func (p Pool) after(k Key, before, now int64) Pool {
	p.Used += now - before
	if k.Reserved {
		p.ReservedInUse += now - before
	}
	return p
}
