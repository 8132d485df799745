package client

import (
	"time"

	"github.com/licethq/licet/licensefile"
)

// Verify verifies a license file for a program that has nothing but the
// publisher's root certificate: that the publisher issued it, for this product,
// and that it has not ended. It cannot tell whether a newer license exists.
func Verify(file []byte, trust *licensefile.Trust, product string, now time.Time) (*licensefile.License, error) {
	label, compact, err := licensefile.Dearmor(file)
	if err != nil {
		return nil, err
	}
	if label != licensefile.ArmorLicense {
		return nil, licensefile.NewRefusal(licensefile.CodeWrongType, nil)
	}
	return trust.VerifyLicense(compact, product, now, nil)
}
