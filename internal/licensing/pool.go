package licensing

// Pool is a subscription's licenses and how many of them its live rows use
// (P11).
type Pool struct {
	Total int64 // licenses owned
	Used  int64 // by all live rows, as last reported; may exceed Total
}

// Main is what nobody uses; negative when rows use more than is owned.
func (p Pool) Main() int64 { return p.Total - p.Used }

// Unused is Main as people are told: never below zero.
func (p Pool) Unused() int64 { return max(0, p.Main()) }

// Maximum is how many devices a row that uses some of the licenses itself may
// manage: what it has and what nobody uses, never below zero.
func (p Pool) Maximum(used int64) int64 { return max(0, used+p.Main()) }

// after gives the pool once a row that used before uses now.
func (p Pool) after(before, now int64) Pool {
	p.Used += now - before
	return p
}
