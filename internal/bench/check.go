package bench

import (
	"errors"
	"fmt"
	"time"

	"github.com/licethq/licet/licensefile"
)

// lease is how long an online license lasts under the plan of a load, unless
// its subscription ends before.
const lease = 30 * 24 * time.Hour

// checker opens answers as the installations would that asked for them.
type checker struct {
	trust     *licensefile.Trust
	publisher Publisher
}

// all checks samples, counts the wrong ones and gives the first fault.
func (c checker) all(samples []sample) (wrong int64, first error) {
	for _, s := range samples {
		if err := c.one(s); err != nil {
			wrong++
			if first == nil {
				first = fmt.Errorf("an answer that an installation would refuse: %w", err)
			}
		}
	}
	return wrong, first
}

func (c checker) one(s sample) error {
	asked, err := licensefile.OpenRequest(s.item.request, c.publisher.ID)
	if err != nil {
		return err
	}
	want := licensefile.Expectation{
		Publisher:  c.publisher.ID,
		Product:    c.publisher.Product,
		Thumbprint: s.item.row.Thumbprint(),
		Serial:     s.item.serial - 1,
	}
	if asked.Request.Kind == licensefile.KindPreview {
		want.Serial = 0
		return c.receipt(s, asked.Request, want)
	}
	l, err := c.trust.OpenLicense(s.answer, want)
	if err != nil {
		return err
	}
	lasts := l.Expires.Time().Sub(l.IssuedAt.Time())
	switch {
	case l.Serial != s.item.serial:
		return fmt.Errorf("serial %d, want %d", l.Serial, s.item.serial)
	case lasts <= lease-time.Minute || lasts > lease:
		return fmt.Errorf("a license for %v, want %v", lasts, lease)
	case l.Grant.LicenseType != c.publisher.LicenseType:
		return fmt.Errorf("license type %q, want %q", l.Grant.LicenseType, c.publisher.LicenseType)
	}
	return nil
}

func (c checker) receipt(s sample, asked licensefile.Request, want licensefile.Expectation) error {
	r, err := c.trust.OpenReceipt(s.answer, want)
	if err != nil {
		return err
	}
	switch {
	case r.Body.Status != licensefile.StatusPreview || r.Body.Preview == nil:
		return errors.New("a receipt without a preview")
	case r.Body.Nonce != asked.Nonce:
		return errors.New("a receipt for another request")
	case r.Body.Preview.LicenseType != c.publisher.LicenseType:
		return fmt.Errorf("license type %q, want %q", r.Body.Preview.LicenseType, c.publisher.LicenseType)
	}
	return nil
}
