// Package catalog knows what a publisher sells: products, and plans with their
// rules.
//
// A Product has plans. A Plan is for one license type of its product and holds
// a Policy: every number of days, hours, tries or counts that licensing follows.
// Nothing else in the code says 7, 14 or 30; DefaultPolicy alone knows what a
// plan starts from. A subscription names a plan and follows its policy as it is
// now, so changing a policy changes what running subscriptions get at their next
// contact.
//
// Codes of products and plans never change, since installed programs name them.
// The version of a plan grows by one with each change; Offers keeps parsed
// plans by their versions, so a stale entry cannot be served.
package catalog
