package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/agent/daemon"
	"github.com/licethq/licet/internal/problem"
)

// agentCommand runs an on-premises agent, and talks to a running one. Only run
// opens the state; all others use the agent's API, whose address and token they
// read in the state folder.
type agentCommand struct {
	Daemon     agentRun        `cmd:"" name:"run" help:"Run an agent."`
	Rows       agentRows       `cmd:"" help:"List the rows: each license type at each site."`
	Preview    agentPreview    `cmd:"" help:"Show what activating a license key would grant."`
	SignIn     agentSignIn     `cmd:"" help:"Sign in by code: register a license key to your organization and activate a row with it."`
	Activate   agentActivate   `cmd:"" help:"Activate a row with a license key, online or by file."`
	Info       agentInfo       `cmd:"" help:"Show the license of a row."`
	Refresh    agentRefresh    `cmd:"" help:"Fetch the current license of a row, online or by file."`
	Deactivate agentDeactivate `cmd:"" help:"Release the key of a row, by the method it was activated with."`
	Pending    agentPending    `cmd:"" help:"Give the request file that waits for its answer, or discard it to start over."`
	Devices    agentDevices    `cmd:"" help:"List, enroll, unenroll and synchronize devices."`
	Sites      agentSites      `cmd:"" help:"List, add and rename sites."`
	Sources    agentSources    `cmd:"" help:"List and add sources of devices."`
	Status     agentStatus     `cmd:"" help:"Show the open problems; exits with 0 ok, 1 warning, 2 critical, 3 unknown."`
	May        agentMay        `cmd:"" help:"Ask whether an operation is allowed; exits with 0 allow, 1 warn, 2 refuse, 3 unknown."`
}

// Exit codes of status and may: what monitoring programs expect. That the agent
// could not be asked must look like none of its answers.
const (
	exitWarning  = 1
	exitCritical = 2
	exitUnknown  = 3
)

// unknown tells why the agent could not be asked.
func (p *program) unknown(err error) error {
	p.fail(err)
	return exitStatus(exitUnknown)
}

// stateFlag says where the agent's state lies.
type stateFlag struct {
	State string `required:"" type:"path" placeholder:"DIR" env:"LICET_AGENT_STATE" help:"State folder of the agent."`
}

// agentRun runs an agent until it is told to stop.
type agentRun struct {
	stateFlag

	Server      string            `placeholder:"URL" env:"LICET_AGENT_SERVER" help:"The publisher's server; without it everything goes by file."`
	Trust       []string          `required:"" type:"path" placeholder:"FILE" env:"LICET_AGENT_TRUST" help:"The publisher's root, as exported by licet keys export-root; repeatable."`
	Publisher   string            `placeholder:"ID" env:"LICET_AGENT_PUBLISHER" help:"Id of the publisher, if several are trusted."`
	Product     string            `required:"" placeholder:"CODE" env:"LICET_AGENT_PRODUCT" help:"Code of the product that is licensed."`
	Release     string            `placeholder:"VERSION" env:"LICET_AGENT_RELEASE" help:"Version of that product here."`
	LicenseType map[string]string `placeholder:"CODE=mac|mobile" default:"desktop=mac;mobile=mobile" env:"LICET_AGENT_LICENSE_TYPE" help:"License types of the product, and which devices each counts (${default})."`
	Metric      string            `default:"devices" placeholder:"NAME" env:"LICET_AGENT_METRIC" help:"What the plans count; a license says it itself, this is for activating (${default})."`
	Site        string            `default:"Default" placeholder:"NAME" env:"LICET_AGENT_SITE" help:"Name of the default site, at the first start (${default})."`

	Listen  string   `default:"127.0.0.1:8443" placeholder:"HOST:PORT" env:"LICET_AGENT_LISTEN" help:"Address to listen on (${default}); off loopback a certificate is needed."`
	TLSCert string   `name:"tls-cert" type:"path" placeholder:"FILE" env:"LICET_AGENT_TLS_CERT" help:"Certificate chain (PEM); a renewed file is taken up."`
	TLSKey  string   `name:"tls-key" type:"path" placeholder:"FILE" env:"LICET_AGENT_TLS_KEY" help:"Private key of the certificate (PEM)."`
	Host    []string `placeholder:"NAME" env:"LICET_AGENT_HOST" help:"Further host name that the agent may be called by; repeatable."`

	MasterKeyFile  string        `type:"path" placeholder:"FILE" env:"LICET_AGENT_MASTER_KEY_FILE" help:"File of the key that seals secrets; master.key in the state folder by default."`
	RemindEvery    time.Duration `default:"1h" placeholder:"TIME" env:"LICET_AGENT_REMIND_EVERY" help:"How often the log says that a row is still over its limit (${default})."`
	SystemLog      bool          `default:"true" negatable:"" env:"LICET_AGENT_SYSTEM_LOG" help:"Also tell problems to the operating system's log."`
	FreeUnseenDays int           `name:"free-unseen-days" default:"0" placeholder:"DAYS" env:"LICET_AGENT_FREE_UNSEEN_DAYS" help:"Free devices that no source told of for more than so many days; 0 never does (${default})."`

	LogLevel  string `default:"info" enum:"debug,info,warn,error" env:"LICET_AGENT_LOG_LEVEL" help:"debug, info, warn or error (${default})."`
	LogFormat string `default:"text" enum:"text,json" env:"LICET_AGENT_LOG_FORMAT" help:"text or json (${default})."`
}

// Run runs the agent.
func (c *agentRun) Run(ctx context.Context, p *program) error {
	return daemon.Run(ctx, daemon.Config{
		Agent: agent.Config{
			State: c.State, MasterKeyFile: c.MasterKeyFile, Server: c.Server, Publisher: c.Publisher,
			Product: c.Product, Version: c.Release, LicenseTypes: c.licenseTypes(), SiteName: c.Site,
			RemindEvery: c.RemindEvery, SystemLog: c.SystemLog, FreeUnseenDays: c.FreeUnseenDays,
		},
		TrustFiles: c.Trust, Listen: c.Listen, CertFile: c.TLSCert, KeyFile: c.TLSKey, Hosts: c.Host,
		LogLevel: c.LogLevel, LogFormat: c.LogFormat, LogTo: p.stderr,
	})
}

// licenseTypes gives the types in a fixed order: Macs first.
func (c *agentRun) licenseTypes() []agent.LicenseType {
	var types []agent.LicenseType
	for _, platform := range []agent.Platform{agent.Mac, agent.Mobile} {
		for code, p := range c.LicenseType {
			if p == string(platform) {
				types = append(types, agent.LicenseType{Code: code, Platform: platform, Metric: c.Metric})
			}
		}
	}
	return types
}

// agentFlags are the flags of every command that talks to a running agent.
type agentFlags struct {
	stateFlag

	JSON bool `name:"json" help:"Print the answer as JSON."`
}

// client gives the client of the agent that runs on the state folder.
func (f agentFlags) client() (*agentapi.Client, error) {
	address, err := agentapi.ReadAddress(f.State)
	if err != nil {
		return nil, err
	}
	return agentapi.NewClient(address)
}

// rowFlags name a row. Without a type, the only row of the site is meant.
type rowFlags struct {
	agentFlags

	Type string `placeholder:"TYPE" help:"License type of the row, such as desktop; may be left out if there is one only."`
	Site string `placeholder:"NAME" help:"Name or id of the site; the default site if left out."`
}

// open gives the client and the license type of the row.
func (f rowFlags) open(ctx context.Context) (client *agentapi.Client, licenseType string, err error) {
	client, err = f.client()
	if err != nil || f.Type != "" {
		return client, f.Type, err
	}
	about, err := client.About(ctx)
	if err != nil {
		return nil, "", err
	}
	if len(about.LicenseTypes) != 1 {
		return nil, "", problem.Newf(problem.ValidationFailed, "Say which row is meant: --type desktop, for example.")
	}
	return client, about.LicenseTypes[0].Code, nil
}

// show prints an answer as JSON, or as the function does for people.
func (f agentFlags) show(p *program, answer any, people func()) error {
	if !f.JSON {
		people()
		return nil
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answer)
}
