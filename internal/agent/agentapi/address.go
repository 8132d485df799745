package agentapi

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/licethq/licet/internal/problem"
)

// AddressFile is the name of the address file in the state folder.
const AddressFile = "api.json"

// Address is where a running agent's API is, and the token to it. Whoever can
// read the file may do everything with the agent, so it is its user's alone.
type Address struct {
	URL   string `json:"url"`
	Token string `json:"token"`

	// Certificate is the file of the TLS certificate that the agent serves, which
	// its own commands trust; empty over plain HTTP on loopback.
	Certificate string `json:"certificate,omitempty"`
}

// ReadAddress reads the address file of a state folder.
func ReadAddress(dir string) (Address, error) {
	data, err := os.ReadFile(filepath.Join(dir, AddressFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Address{}, problem.Newf(problem.ConfigurationInvalid,
			"No agent has run on this state folder yet. Start one with: licet agent run --state DIR").Because(err)
	}
	if err != nil {
		return Address{}, problem.Newf(problem.ConfigurationInvalid, "The address file of the agent cannot be read.").Because(err)
	}
	var a Address
	if err := json.Unmarshal(data, &a); err != nil || a.URL == "" || a.Token == "" {
		return Address{}, problem.Newf(problem.ConfigurationInvalid, "The address file of the agent is damaged. Start the agent anew.").Because(err)
	}
	return a, nil
}

// WriteAddress writes the address file, for its user alone and in one step.
func WriteAddress(dir string, a Address) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, AddressFile+".*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write the address file: %w", err)
	}
	_, err = f.Write(append(data, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, AddressFile))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the address file: %w", err), os.Remove(f.Name()))
	}
	return nil
}

// Token gives the token of a state folder: the one of its last run, so that
// programs may keep it, else a new one.
func Token(dir string) string {
	if a, err := ReadAddress(dir); err == nil {
		return a.Token
	}
	random := make([]byte, 32)
	rand.Read(random)
	return "lat_" + base64.RawURLEncoding.EncodeToString(random)
}
