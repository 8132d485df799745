package server_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
)

// apart keeps the master key outside the data folder, as an operator should.
func apart(t *testing.T) func(c *server.Config) {
	t.Helper()
	key := filepath.Join(t.TempDir(), "master.key")
	return func(c *server.Config) { c.Folder.MasterKeyFile = key }
}

// backUp backs a running server up, with an organization in it.
func backUp(t *testing.T, s *servertest.Server) (file string, organization api.Organization) {
	t.Helper()
	organization, err := s.Client(t, identity.Owner).CreateOrganization(t.Context(), api.NewOrganization{Kind: "customer", Name: "Blue Harbor"})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Data.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	return file, organization
}

func TestABackupOfARunningServerIsRestoredElsewhere(t *testing.T) {
	s := servertest.Start(t, apart(t))
	file, organization := backUp(t, s)
	folder := s.Config.Folder
	folder.Path = filepath.Join(t.TempDir(), "restored")
	report, err := server.Restore(t.Context(), folder, file)
	if err != nil || !report.Intact() || report.Events < 3 || report.Checkpoints < 1 {
		t.Fatalf("restore: %+v %v", report, err)
	}
	cfg := s.Config
	cfg.Folder = folder
	restored := run(t, cfg)
	found, err := restored.Client(t, identity.Auditor).Organization(t.Context(), organization.ID)
	if diff := cmp.Diff(organization, found); diff != "" || err != nil {
		t.Errorf("in the restored server (-want +got):\n%s %v", diff, err)
	}
	left, err := filepath.Glob(filepath.Join(folder.Path, "*.restoring*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the restore left %v behind", left)
	}
	if again, err := s.Data.Backup(t.Context(), file); err == nil {
		t.Errorf("a backup replaced another: %+v", again)
	}
}

func TestABackupHoldsNeitherTheMasterKeyNorLicenseKeysNorTokens(t *testing.T) {
	s := servertest.Start(t, apart(t))
	p := open(t, s)
	token := s.Token(t, identity.Owner)
	file := filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Data.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup's mode: %v %v, want 0600", info.Mode(), err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	master, err := os.ReadFile(s.Config.Folder.MasterKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(master))
	for name, secret := range map[string]string{"token": token, "license key": p.key, "master key": lines[len(lines)-1]} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the backup holds the %s", name)
		}
	}
}

func TestARestoreIsRefusedWhereItCouldDoHarm(t *testing.T) {
	s := servertest.Start(t, apart(t))
	file, _ := backUp(t, s)
	other := filepath.Join(t.TempDir(), "other.key")
	if err := seal.CreateKeyFile(other); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.db")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	empty := func(f *server.Folder) { f.Path = filepath.Join(t.TempDir(), "restored") }
	tests := []struct {
		name  string
		alter func(f *server.Folder)
		from  string
		code  problem.Code
	}{
		{"while a server runs", func(*server.Folder) {}, file, problem.DataFolderInUse},
		{"with another master key", func(f *server.Folder) { empty(f); f.MasterKeyFile = other }, file, problem.MasterKeyWrong},
		{"without the master key", func(f *server.Folder) { empty(f); f.MasterKeyFile = other + "x" }, file, problem.ConfigurationInvalid},
		{"from a file that is absent", empty, file + "x", problem.ConfigurationInvalid},
		{"from a file that was cut", empty, cut, ""},
		{"into PostgreSQL", func(f *server.Folder) { f.Database = "postgres://127.0.0.1/licet" }, file, problem.NotSupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := s.Config.Folder
			tt.alter(&folder)
			_, err := server.Restore(t.Context(), folder, tt.from)
			if err == nil || tt.code != "" && !problem.Is(err, tt.code) {
				t.Errorf("%v, want %s", err, tt.code)
			}
			if _, err := os.Stat(filepath.Join(folder.Path, "licet.db")); err == nil && folder.Path != s.Config.Folder.Path {
				t.Error("a database was left behind")
			}
		})
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Restore(t.Context(), s.Config.Folder, file); !problem.Is(err, problem.Conflict) {
		t.Errorf("over a database: %v, want conflict", err)
	}
}

func TestABackupWhoseLogWasTamperedWithIsRefused(t *testing.T) {
	s := servertest.Start(t, apart(t))
	file, _ := backUp(t, s)
	folder := s.Config.Folder
	folder.Database = "sqlite:" + file
	d, err := server.OpenData(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	err = d.DB.InTx(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE event SET actor_id = 'somebody else' WHERE position = 2`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	folder = s.Config.Folder
	folder.Path = filepath.Join(t.TempDir(), "restored")
	report, err := server.Restore(t.Context(), folder, file)
	if !problem.Is(err, problem.Conflict) || report.FirstBad != 2 {
		t.Errorf("%+v %v, want conflict at position 2", report, err)
	}
}

func TestPostgreSQLIsBackedUpByItsOwnTools(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		_, err := s.Data.Backup(context.WithoutCancel(t.Context()), filepath.Join(t.TempDir(), "backup.db"))
		refused := problem.Is(err, problem.NotSupported) && strings.Contains(err.Error(), "pg_dump")
		if want := s.Data.DB.Engine() == database.PostgreSQL; refused != want {
			t.Errorf("%v, want refused %v", err, want)
		}
	})
}
