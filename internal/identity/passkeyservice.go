package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// BeginPasskey begins the registration of a passkey of the actor's own.
func (s *Service) BeginPasskey(ctx context.Context, actor Actor) (CeremonyStart, error) {
	if err := actor.RequirePerson(); err != nil {
		return CeremonyStart{}, err
	}
	rp, err := s.relyingParty()
	if err != nil {
		return CeremonyStart{}, err
	}
	owner, err := s.passkeyOwner(ctx, actor.PersonID)
	if err != nil {
		return CeremonyStart{}, err
	}
	known := webauthn.Credentials(owner.WebAuthnCredentials()).CredentialDescriptors()
	options, session, err := rp.BeginRegistration(owner, webauthn.WithExclusions(known))
	if err != nil {
		return CeremonyStart{}, err
	}
	return s.beginCeremony(ctx, ceremony{PersonID: actor.PersonID, Kind: ceremonyRegister, Session: *session}, options)
}

func (s *Service) passkeyOwner(ctx context.Context, personID string) (passkeyOwner, error) {
	q := s.DB.Read(ctx)
	p, err := PersonByID(q, personID)
	if err != nil {
		return passkeyOwner{}, notFound(err)
	}
	keys, err := passkeysOf(q, personID)
	return passkeyOwner{p, keys}, err
}

func (s *Service) beginCeremony(ctx context.Context, c ceremony, options any) (CeremonyStart, error) {
	var err error
	if c.ID, err = newID(); err != nil {
		return CeremonyStart{}, err
	}
	text, err := json.Marshal(options)
	if err != nil {
		return CeremonyStart{}, err
	}
	data, err := json.Marshal(c.Session)
	if err != nil {
		return CeremonyStart{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		settings, _, err := SettingsOf(tx)
		if err != nil {
			return err
		}
		c.ExpiresAt = s.now().Add(minutes(settings.SecondFactorMinutes))
		return insertCeremony(tx, c, string(data))
	})
	return CeremonyStart{ID: c.ID, Options: text}, err
}

// takeCeremony ends a ceremony and gives it; passkey_invalid when there is none,
// or none any more.
func (s *Service) takeCeremony(ctx context.Context, kind, id, personID string) (ceremony, error) {
	var c ceremony
	err := s.DB.InTx(ctx, func(tx *database.Tx) (err error) {
		c, err = useCeremony(tx, kind, id, personID, s.now())
		return err
	})
	if errors.Is(err, database.ErrNoRows) {
		err = problem.New(problem.PasskeyInvalid)
	}
	return c, err
}

// RegisterPasskey finishes the registration of a passkey with what the browser
// gave. Errors: validation_failed, passkey_invalid, conflict when it is
// registered already.
func (s *Service) RegisterPasskey(ctx context.Context, actor Actor, ceremonyID, name string, credential []byte) (Passkey, error) {
	if err := actor.RequirePerson(); err != nil {
		return Passkey{}, err
	}
	if err := checkPasskeyName(name); err != nil {
		return Passkey{}, err
	}
	rp, err := s.relyingParty()
	if err != nil {
		return Passkey{}, err
	}
	c, err := s.takeCeremony(ctx, ceremonyRegister, ceremonyID, actor.PersonID)
	if err != nil {
		return Passkey{}, err
	}
	owner, err := s.passkeyOwner(ctx, actor.PersonID)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return Passkey{}, problem.New(problem.PasskeyInvalid).Because(err)
	}
	made, err := rp.CreateCredential(owner, c.Session, parsed)
	if err != nil {
		return Passkey{}, problem.New(problem.PasskeyInvalid).Because(err)
	}
	return s.storePasskey(ctx, actor, Passkey{PersonID: actor.PersonID, Name: name, credential: *made})
}

func checkPasskeyName(name string) error {
	var f problem.Faults
	f.Text("/name", name, 1, maxName)
	return f.Err()
}

func (s *Service) storePasskey(ctx context.Context, actor Actor, k Passkey) (Passkey, error) {
	var err error
	if k.ID, err = newID(); err != nil {
		return Passkey{}, err
	}
	k.CreatedAt = s.now()
	data, err := json.Marshal(k.credential)
	if err != nil {
		return Passkey{}, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := lockPerson(tx, k.PersonID); err != nil {
			return err
		}
		if err := insertPasskey(tx, k, string(data)); err != nil {
			return err
		}
		return s.recordPasskey(tx, actor, "passkey.created", k.ID)
	})
	if err != nil {
		return Passkey{}, taken(err, "This passkey is registered already.")
	}
	return k, nil
}

func (s *Service) recordPasskey(tx *database.Tx, actor Actor, kind, id string) error {
	return event.Record(tx, event.Event{
		At: s.now(), Kind: kind, Actor: actor.Actor, Subject: event.Subject{Kind: "passkey", ID: id},
		Data: map[string]any{"person": actor.PersonID},
	})
}

// Passkeys lists the actor's own passkeys, newest first.
func (s *Service) Passkeys(ctx context.Context, actor Actor, l database.Listing) (database.Page[Passkey], error) {
	if err := actor.RequirePerson(); err != nil {
		return database.Page[Passkey]{}, err
	}
	return listPasskeys(s.DB.Read(ctx), actor.PersonID, l)
}

// passkeyOrders are the ways to sort a person's passkeys.
var passkeyOrders = database.Orders[Passkey]{
	IDColumn: "id", ID: func(k Passkey) string { return k.ID },
	By: map[string]database.Order[Passkey]{
		"name": {Column: "name", Key: func(k Passkey) any { return k.Name }},
	},
}

// RenamePasskey names a passkey of the actor's own anew. Errors:
// validation_failed, not_found.
func (s *Service) RenamePasskey(ctx context.Context, actor Actor, id, name string) (Passkey, error) {
	if err := actor.RequirePerson(); err != nil {
		return Passkey{}, err
	}
	if err := checkPasskeyName(name); err != nil {
		return Passkey{}, err
	}
	var renamed Passkey
	err := s.DB.InTx(ctx, func(tx *database.Tx) (err error) {
		if renamed, err = renamePasskey(tx, actor.PersonID, id, name); err != nil {
			return notFound(err)
		}
		return s.recordPasskey(tx, actor, "passkey.renamed", id)
	})
	return renamed, err
}

// DeletePasskey ends a passkey of the actor's own. Errors: not_found.
func (s *Service) DeletePasskey(ctx context.Context, actor Actor, id string) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		deleted, err := deletePasskey(tx, actor.PersonID, id)
		if err != nil {
			return err
		}
		if !deleted {
			return problem.New(problem.NotFound)
		}
		return s.recordPasskey(tx, actor, "passkey.deleted", id)
	})
}

// BeginPasskeySignIn begins a sign-in with whatever passkey the browser has.
func (s *Service) BeginPasskeySignIn(ctx context.Context) (CeremonyStart, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return CeremonyStart{}, err
	}
	options, session, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return CeremonyStart{}, err
	}
	return s.beginCeremony(ctx, ceremony{Kind: ceremonySignIn, Session: *session}, options)
}

// SignInByPasskey signs a person in by what their passkey signed. The device has
// verified who uses it, so that no second factor is asked for. Errors:
// passkey_invalid.
func (s *Service) SignInByPasskey(ctx context.Context, c Caller, ceremonyID string, credential []byte) (SignedIn, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return SignedIn{}, err
	}
	begun, err := s.takeCeremony(ctx, ceremonySignIn, ceremonyID, "")
	if err != nil {
		return SignedIn{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return SignedIn{}, problem.New(problem.PasskeyInvalid).Because(err)
	}
	var owner passkeyOwner
	_, used, err := rp.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		owner, err = s.passkeyOwner(ctx, string(handle))
		return owner, err
	}, begun.Session, parsed)
	if err != nil {
		return SignedIn{}, problem.New(problem.PasskeyInvalid).Because(err)
	}
	var signed SignedIn
	err = s.DB.InTx(ctx, func(tx *database.Tx) (err error) {
		if err := s.usePasskey(tx, owner.ID, used); err != nil {
			return err
		}
		signed, err = s.signIn(tx, c, owner.ID, StageComplete, byPasskey)
		return err
	})
	return signed, err
}

// usePasskey keeps the counter of a passkey that signed, unless it did not go on:
// then there are two copies of it.
func (s *Service) usePasskey(tx *database.Tx, personID string, used *webauthn.Credential) error {
	if err := lockPerson(tx, personID); err != nil {
		return err
	}
	keys, err := passkeysOf(tx, personID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !bytes.Equal(k.credential.ID, used.ID) {
			continue
		}
		if !newerCount(k.credential.Authenticator.SignCount, used.Authenticator.SignCount) {
			return problem.New(problem.PasskeyInvalid)
		}
		data, err := json.Marshal(used)
		if err != nil {
			return err
		}
		return updatePasskey(tx, k.ID, string(data), s.now())
	}
	return problem.New(problem.PasskeyInvalid) // deleted meanwhile
}
