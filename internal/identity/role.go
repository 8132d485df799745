package identity

import "slices"

// Role says what a member of staff may do. Everybody may read.
type Role string

// The roles.
const (
	Owner   Role = "owner"   // everything, and alone products, plans and staff
	Sales   Role = "sales"   // organizations and subscriptions
	Support Role = "support" // rows: release, unsolicited files, the offline switch
	Auditor Role = "auditor" // reads only
)

// Who may do what, in the words that services use with Require.
var (
	AnyStaff = []Role{Owner, Sales, Support, Auditor}
	Sellers  = []Role{Owner, Sales}
	Helpers  = []Role{Owner, Support}
	Owners   = []Role{Owner}

	SellersAndHelpers = []Role{Owner, Sales, Support}
)

// Valid reports whether the role exists.
func (r Role) Valid() bool { return slices.Contains(AnyStaff, r) }
