package agent

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/seal"
)

// purposeInstallation is the purpose under which the installation is sealed.
const purposeInstallation = "agent installation"

// recordStore keeps the client's installation in the agent's database, sealed
// as a whole. A commit on SQLite is durable (synchronous=FULL), which is what
// client.Store asks for.
type recordStore struct {
	db      *database.DB
	keyring *seal.Keyring
}

// Load gives the installation last saved, nil when none ever was.
func (s recordStore) Load(ctx context.Context) (*client.Installation, error) {
	sealed, err := database.One(s.db.Read(ctx), database.Value[[]byte], `SELECT record FROM installation WHERE id = 1`)
	if isNoRows(err) {
		return nil, nil //nolint:nilnil // client.Store asks for it
	}
	if err != nil {
		return nil, err
	}
	plain, err := s.keyring.Open(purposeInstallation, sealed, nil)
	if err != nil {
		return nil, err
	}
	var in client.Installation
	if err := json.Unmarshal(plain, &in); err != nil {
		return nil, fmt.Errorf("read the installation: %w", err)
	}
	return &in, nil
}

// Save replaces the installation.
func (s recordStore) Save(ctx context.Context, in *client.Installation) error {
	plain, err := json.Marshal(in)
	if err != nil {
		return err
	}
	sealed := s.keyring.Seal(purposeInstallation, plain, nil)
	return s.db.InTx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO installation (id, record) VALUES (1, ?)
			ON CONFLICT (id) DO UPDATE SET record = excluded.record`, sealed)
		return err
	})
}
