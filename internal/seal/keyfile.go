package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// keyFileMost bounds what is read from a key file: some hundred keys.
const keyFileMost = 16 << 10

// ParseKeyring reads master keys from text: one base64 line (standard alphabet, 32
// bytes) a key, the current one first; blank lines and lines that begin with # are
// skipped. Its errors never repeat the text.
func ParseKeyring(text string) (*Keyring, error) {
	var keys [][32]byte
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		b, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(b) != 32 {
			return nil, badKeyFile(fmt.Sprintf("line %d is not the base64 of 32 bytes", i+1))
		}
		keys = append(keys, [32]byte(b))
	}
	if len(keys) == 0 {
		return nil, badKeyFile("there is no key in it")
	}
	k := NewKeyring(keys[0], keys[1:]...)
	for i := range k.masters {
		if k.find(k.masters[i].id) != &k.masters[i] {
			return nil, badKeyFile("the same key stands in it twice")
		}
	}
	return k, nil
}

// LoadKeyring reads a key file, which its group and others must not be able to
// read or write.
func LoadKeyring(file string) (*Keyring, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, badKeyFile(file + " is not a file")
	}
	// Windows keeps permissions elsewhere and shows made-up bits.
	if open := info.Mode().Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		return nil, badKeyFile(fmt.Sprintf("%s has mode %04o, so others than its owner can use it; run chmod 600 on it", file, info.Mode().Perm()))
	}
	text, err := io.ReadAll(io.LimitReader(f, keyFileMost+1))
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if len(text) > keyFileMost {
		return nil, badKeyFile(file + " is too large")
	}
	return ParseKeyring(string(text))
}

// CreateKeyFile writes a new random master key to a file that must not exist. When
// it returns nil, the key is on the disk.
func CreateKeyFile(path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	defer func() {
		if err != nil { // half a key is worse than none
			err = fmt.Errorf("master key: %w", errors.Join(err, os.Remove(path)))
		}
	}()
	if err := errors.Join(writeNewKey(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func writeNewKey(w io.Writer) error {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	_, err := fmt.Fprintf(w, "# Licet master key. Keep a copy apart from the backups: without it no backup opens.\n%s\n",
		base64.StdEncoding.EncodeToString(key[:]))
	return err
}

// syncFolder makes the name of a new file last.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
