package database

import (
	"embed"
	"io/fs"
)

//go:embed schema/server/*.sql
var serverSchema embed.FS

//go:embed schema/agent/*.sql
var agentSchema embed.FS

// ServerSchema gives the migrations of the server's database.
func ServerSchema() fs.FS { return mustSub(serverSchema, "schema/server") }

// AgentSchema gives the migrations of the agent's database.
func AgentSchema() fs.FS { return mustSub(agentSchema, "schema/agent") }

func mustSub(f embed.FS, dir string) fs.FS {
	sub, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // dir is a constant that the embed directive has checked
	}
	return sub
}
