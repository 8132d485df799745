package floors

// building lists the floors from the ground up. A folder below a listed one
// belongs to it: internal/database/databasetest stands where database stands.
func building() [][]string {
	return [][]string{
		{"licensefile", "internal/language"},
		{"internal/problem"}, // wraps licensefile's refusals
		{"internal/seal"},
		{"internal/database"}, // gives problems
		{"internal/event", "internal/jobs", "internal/mail", "internal/httpserver", "internal/apple"},
		{"internal/identity"},
		{"internal/catalog", "internal/issuer"},
		{"internal/licensing", "internal/inventory"},
		{"internal/partner", "internal/volume", "internal/support", "internal/pushcert"},
		{"internal/notify"},
		{"internal/httpapi"},
		{"internal/server"},
		{"internal/demo"},
		{"cmd"},
	}
}

// apart lists the packages that stand beside the floors, with all that each may
// import of this module. What stands on a floor may import the public ones of
// them (see public); only the top may import the rest.
func apart() map[string][]string {
	return map[string][]string{
		"api":    {"licensefile"},
		"client": {"licensefile"},
		"web":    {},
		"internal/agent": {
			"licensefile", "client", "api",
			"internal/problem", "internal/seal", "internal/database", "internal/httpserver",
		},
		"internal/bench": {
			"licensefile", "client", "api",
			"internal/problem", "internal/httpserver", "internal/child",
		},
		"internal/floors":  {},
		"internal/nanomdm": {"internal/child"},
		"internal/child":   {},
		"e2e":              {"licensefile", "client", "api"},
	}
}

// public says which packages apart from the floors any floor may import, and
// from which floor upward.
func public() map[string]string {
	return map[string]string{
		"api":              "internal/httpapi",
		"client":           "internal/server",
		"web":              "internal/server",
		"internal/agent":   "internal/demo",
		"internal/bench":   "internal/demo",
		"internal/nanomdm": "internal/demo",
		"internal/child":   "internal/demo",
	}
}
