package daemon_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/agent/daemon"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// trustFile writes a publisher's root as it is exported.
func trustFile(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	der, err := licensefile.NewRoot("urn:uuid:6ba7b810-9dad-41d1-80b4-00c04fd430c8", "Example Publisher", key,
		time.Now().Add(-time.Hour), time.Now().AddDate(10, 0, 0), rand.Reader)
	must(t, err)
	file := filepath.Join(t.TempDir(), "root.pem")
	must(t, os.WriteFile(file, licensefile.TrustPEM(der), 0o600))
	return file
}

func config(t *testing.T) daemon.Config {
	t.Helper()
	return daemon.Config{
		Agent:      agent.Config{State: filepath.Join(t.TempDir(), "state"), Product: "fleet-manager"},
		TrustFiles: []string{trustFile(t)}, Listen: "127.0.0.1:0", LogLevel: "info", LogFormat: "text", LogTo: io.Discard,
	}
}

// running runs an agent until stop is called, which gives what Run returned.
func running(t *testing.T, cfg daemon.Config) (address agentapi.Address, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan agentapi.Address, 1), make(chan error, 1)
	cfg.Ready = func(a agentapi.Address) { ready <- a }
	go func() { done <- daemon.Run(ctx, cfg) }()
	stop = func() error {
		cancel()
		return <-done
	}
	select {
	case address = <-ready:
		return address, stop
	case err := <-done:
		cancel()
		t.Fatalf("the agent did not start: %v", err)
		return address, nil
	}
}

func TestCommandsFindTheAgentByItsAddressFile(t *testing.T) {
	cfg := config(t)
	_, stop := running(t, cfg)
	info, err := os.Stat(filepath.Join(cfg.Agent.State, agentapi.AddressFile))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the address file has mode %v", info.Mode().Perm())
	}
	first, err := agentapi.ReadAddress(cfg.Agent.State)
	must(t, err)
	client, err := agentapi.NewClient(first)
	must(t, err)
	rows, err := client.Rows(t.Context())
	must(t, err)
	if len(rows) != 2 {
		t.Errorf("rows %+v", rows)
	}
	must(t, stop())
	if _, err := client.Rows(t.Context()); !problem.Is(err, problem.AgentUnreachable) {
		t.Errorf("a stopped agent gives %v", err)
	}

	second, stop := running(t, cfg)
	if second.Token != first.Token {
		t.Error("the token changed over a restart, so programs that keep it are locked out")
	}
	must(t, stop())
}

func TestSecondAgentOnTheStateIsRefusedAndLeavesTheAddressAlone(t *testing.T) {
	cfg := config(t)
	address, stop := running(t, cfg)
	if err := daemon.Run(t.Context(), cfg); !problem.Is(err, problem.DataFolderInUse) {
		t.Errorf("got %v, want data_folder_in_use", err)
	}
	kept, err := agentapi.ReadAddress(cfg.Agent.State)
	must(t, err)
	if kept != address {
		t.Errorf("the address became %+v", kept)
	}
	must(t, stop())
}

func TestAgentServesTLSThatItsCommandsTrust(t *testing.T) {
	cfg := config(t)
	cfg.CertFile, cfg.KeyFile = certificate(t, "agent.example.com")
	address, stop := running(t, cfg)
	client, err := agentapi.NewClient(address)
	must(t, err)
	if _, err := client.Status(t.Context()); err != nil {
		t.Errorf("over TLS: %v", err)
	}
	other, _ := certificate(t, "agent.example.com")
	address.Certificate = other
	client, err = agentapi.NewClient(address)
	must(t, err)
	if _, err := client.Status(t.Context()); !problem.Is(err, problem.AgentUnreachable) {
		t.Errorf("a certificate of somebody else is trusted: %v", err)
	}
	must(t, stop())
}

func TestConfigurationThatCannotServeIsRefused(t *testing.T) {
	cases := []struct {
		name   string
		change func(c *daemon.Config)
		want   problem.Code
	}{
		{"plain HTTP off loopback", func(c *daemon.Config) { c.Listen = "0.0.0.0:0" }, problem.ConfigurationInvalid},
		{"nobody trusted", func(c *daemon.Config) { c.TrustFiles = nil }, problem.ConfigurationInvalid},
		{"no such trust file", func(c *daemon.Config) { c.TrustFiles = []string{"/nowhere/root.pem"} }, problem.ConfigurationInvalid},
		{"a trust file of another kind", func(c *daemon.Config) { c.TrustFiles = []string{"daemon_test.go"} }, problem.TrustMalformed},
		{"a certificate without key", func(c *daemon.Config) { c.CertFile = "x.pem" }, problem.ConfigurationInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := config(t)
			c.change(&cfg)
			if err := daemon.Run(t.Context(), cfg); !problem.Is(err, c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if _, err := agentapi.ReadAddress(cfg.Agent.State); err == nil {
				t.Error("an address was written")
			}
		})
	}
}

// certificate writes a TLS certificate for a name, signed by itself.
func certificate(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	return certFile, keyFile
}
