package demo

import "context"

// What is sold in the story, after the sources of Licet: one product, licensed
// by device, with a type for Macs and one for mobile devices.
const (
	productCode = "mac-management"
	desktopType = "desktop"
	mobileType  = "mobile"

	desktopLicenses = 3
	mobileLicenses  = 25
)

// step is one part of the story.
type step struct {
	does   string
	proves string
	run    func(*demo, context.Context) ([]string, error)
}

// story lists the steps in order.
func story() []step {
	return []step{
		{"Start a publisher's server", "one binary with an embedded database answers", (*demo).startServer},
		{"Sell a Desktop and a Mobile subscription", "each has one key, in full this once; the Mobile key is registered, the Desktop key not yet", (*demo).sell},
		{"Start the on-premises agent", "it trusts the publisher's root, and lists a row for each license type", (*demo).startAgent},
		{"Try keys that cannot work", "each refusal has its own code and says what to do", (*demo).refusals},
		{"Register the Desktop key and activate it online", "the activation stands on both sides", (*demo).activateDesktop},
		{"Connect device management", "devices are counted where they are managed", (*demo).manageDevices},
		{"Enroll as many Macs as there are licenses", "at exactly the maximum nobody is over it; that the limit is near is told", (*demo).fill},
		{"Enroll one more", "it is managed, and everybody is warned with the numbers", (*demo).exceed},
		{"Remove two Macs and synchronize", "the warning ends by itself, and the publisher knows", (*demo).recover},
		{"Ask for offline activation of the Mobile key", "it is refused until staff allow it", (*demo).offlineRefused},
		{"Activate the Mobile key by files alone", "request out, license in, reviewed before it is taken", (*demo).activateMobile},
		{"Change one byte of the license file", "a changed file is refused", (*demo).tamper},
		{"Verify the license with nothing but the root", "a stranger needs no server", (*demo).verify},
		{"Deactivate the Mobile row by file", "the key is free only when the request file has arrived", (*demo).deactivateMobile},
		{"Release the Desktop row from the publisher's side", "the agent learns it from a signed receipt, and may come back", (*demo).release},
		{"Kill the agent, and start it again", "nothing is forgotten", (*demo).killAgent},
		{"Sell to five more customers, one of them through a reseller", "each order makes an organization, and invites whoever bought", (*demo).widen},
		{"Accept an invitation, and make a token to work with", "a link in a mail is all that a new administrator needs", (*demo).acceptInvitation},
		{"Split a customer's seats", "reserved seats leave the pool, and nobody can reserve what is not there", (*demo).split},
		{"Let their machines call home, with months of usage", "online and by file; a row over its limit is told, not refused", (*demo).callHome},
		{"Ask what needs attention", "who is over, who expires soon, and when the next limit is reached", (*demo).attention},
		{"Back up while everything runs, and verify the log", "the chain of events is whole", (*demo).audit},
	}
}
