package httpserver

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/licethq/licet/internal/problem"
)

// recheckCertificate is how old the knowledge of the files may be.
const recheckCertificate = 10 * time.Second

// certificateKeeper serves a certificate from files and takes up a renewed one
// without a restart. A renewal that cannot be read leaves the old one in place.
type certificateKeeper struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu       sync.Mutex
	current  *tls.Certificate
	stamp    [2]time.Time
	recheck  time.Time
	reported bool
}

func newCertificateKeeper(certFile, keyFile string, log *slog.Logger, now func() time.Time) (*certificateKeeper, error) {
	k := &certificateKeeper{certFile: certFile, keyFile: keyFile, log: log, now: now}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The TLS certificate and key cannot be read, or do not belong together.").Because(err)
	}
	k.current = &cert
	k.stamp = k.modified()
	k.recheck = now().Add(recheckCertificate)
	return k, nil
}

func (k *certificateKeeper) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if now.Before(k.recheck) {
		return k.current, nil
	}
	k.recheck = now.Add(recheckCertificate)
	stamp := k.modified()
	if stamp == k.stamp {
		return k.current, nil
	}
	cert, err := tls.LoadX509KeyPair(k.certFile, k.keyFile)
	if err != nil {
		// Certificate and key are replaced one after the other: try again later.
		if !k.reported {
			k.log.Warn("the renewed TLS certificate cannot be read; the old one stays", "error", err.Error())
		}
		k.reported = true
		return k.current, nil
	}
	k.current, k.stamp, k.reported = &cert, stamp, false
	k.log.Info("took up the renewed TLS certificate")
	return k.current, nil
}

func (k *certificateKeeper) modified() (stamp [2]time.Time) {
	for i, name := range []string{k.certFile, k.keyFile} {
		if info, err := os.Stat(name); err == nil {
			stamp[i] = info.ModTime()
		}
	}
	return stamp
}
