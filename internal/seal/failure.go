package seal

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// Code names a failure of this package. Codes never change their meaning.
type Code string

// The codes of failures.
const (
	MasterKeyUnknown Code = "master_key_unknown"
	SealedTampered   Code = "sealed_tampered"
	KeyFileInvalid   Code = "key_file_invalid"
)

// Failure is an error that an operator can act on. It holds no secret.
type Failure struct {
	Code    Code
	Message string
}

// Error gives the code and the message.
func (f *Failure) Error() string { return string(f.Code) + ": " + f.Message }

// Is reports whether err is, or wraps, a failure of the given code.
func Is(err error, code Code) bool {
	var f *Failure
	return errors.As(err, &f) && f.Code == code
}

func unknownKey(id []byte) error {
	return &Failure{MasterKeyUnknown, fmt.Sprintf(
		"a secret is sealed under master key %s, which is not in the key file; add that key as a further line", hex.EncodeToString(id))}
}

func tampered() error {
	return &Failure{SealedTampered, "a secret at rest does not open: it was changed, cut or moved, or belongs to something else"}
}

func badKeyFile(why string) error {
	return &Failure{KeyFileInvalid, "the master key cannot be used: " + why}
}
