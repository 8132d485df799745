package identity

import "context"

// HashPassword hashes a new password in the caller's turn at the gate.
func (s *Service) HashPassword(ctx context.Context, c Caller, password string) (hash string, err error) {
	err = s.Gate.Try(ctx, s.lane(c, ""), func() (bool, error) {
		hash, err = s.hashing().Hash(s.Rand, password)
		return true, err
	})
	return hash, err
}

// hashing gives what new hashes cost.
func (s *Service) hashing() Hashing {
	if s.Hashing == (Hashing{}) {
		return DefaultHashing()
	}
	return s.Hashing
}

// verify tells whether a password is a person's, in the caller's turn at the
// gate. It costs the same when there is no such person, or none with a password.
// fresh is the hash to keep from now on: made anew when hashes cost more now.
func (s *Service) verify(ctx context.Context, l Lane, p *Person, password string) (fresh string, right bool, err error) {
	err = s.Gate.Try(ctx, l, func() (bool, error) {
		fresh, right, err = s.compare(p, password)
		return right, err
	})
	return fresh, right, err
}

func (s *Service) compare(p *Person, password string) (fresh string, right bool, err error) {
	if p == nil || !p.HasPassword() {
		s.hashing().sum(password, make([]byte, saltBytes))
		return "", false, nil
	}
	k, err := parseHash(p.password)
	if err != nil {
		return "", false, err
	}
	if !k.matches(password) {
		return "", false, nil
	}
	if k.Hashing == s.hashing() {
		return p.password, true, nil
	}
	fresh, err = s.hashing().Hash(s.Rand, password)
	return fresh, err == nil, err
}
