package identity

// Merged gives the one place of somebody who had two.
func Merged(m, other Membership) Membership { return m.merged(other) }
