package problem

import (
	"net/http"
	"sort"

	"github.com/licethq/licet/licensefile"
)

// Codes of problems that any part may meet.
const (
	InvalidRequest       Code = "invalid_request"
	ValidationFailed     Code = "validation_failed"
	RequestTooLarge      Code = "request_too_large"
	UnsupportedMediaType Code = "unsupported_media_type"
	NotAcceptable        Code = "not_acceptable"
	MethodNotAllowed     Code = "method_not_allowed"
	Unauthenticated      Code = "unauthenticated"
	Forbidden            Code = "forbidden"
	NotFound             Code = "not_found"
	Conflict             Code = "conflict"
	TooManyFailures      Code = "too_many_failures"
	HostNotAllowed       Code = "host_not_allowed"
	RequestCanceled      Code = "request_canceled"
	DatabaseUnavailable  Code = "database_unavailable"
	ShuttingDown         Code = "shutting_down"
	InternalError        Code = "internal_error"
)

// Codes of the management API's conventions.
const (
	VersionChanged       Code = "version_changed"
	IdempotencyKeyReused Code = "idempotency_key_reused"
	RequestInProgress    Code = "request_in_progress"
	ScopeMissing         Code = "scope_missing"
	CrossOrigin          Code = "cross_origin"
)

// Codes of people and organizations.
const (
	CredentialsInvalid   Code = "credentials_invalid"
	SecondFactorNeeded   Code = "second_factor_needed"
	SecondFactorInvalid  Code = "second_factor_invalid"
	SecondFactorSet      Code = "second_factor_set"
	PasskeyInvalid       Code = "passkey_invalid"
	LinkInvalid          Code = "link_invalid"
	LinkExpired          Code = "link_expired"
	AccountExists        Code = "account_exists"
	AlreadyInvited       Code = "already_invited"
	AlreadyMember        Code = "already_member"
	InvitationEnded      Code = "invitation_ended"
	InvitationForAnother Code = "invitation_for_another"
	LastAdministrator    Code = "last_administrator"
	LastOwner            Code = "last_owner"
	Busy                 Code = "busy"
	AuthorizationPending Code = "authorization_pending"
	SlowDown             Code = "slow_down"
	AuthorizationDenied  Code = "authorization_denied"
	AuthorizationExpired Code = "authorization_expired"
	OrganizationsDiffer  Code = "organizations_differ"
)

// Codes of selling, keys and sublicenses.
const (
	RenewalTooEarly      Code = "renewal_too_early"
	NotRenewable         Code = "not_renewable"
	SubscriptionCanceled Code = "subscription_canceled"
	QuantityTooSmall     Code = "quantity_too_small"
	PoolExhausted        Code = "pool_exhausted"
	QuotaTooSmall        Code = "quota_too_small"
	DynamicNotAllowed    Code = "dynamic_not_allowed"
	SublicenseEnded      Code = "sublicense_ended"
	SublicenseActivated  Code = "sublicense_activated"
	ReleaseNeedsFile     Code = "release_needs_file"
	InstallationShared   Code = "installation_shared"
	ImportRefused        Code = "import_refused"
)

// Codes of what the publisher signs with.
const (
	MasterKeyWrong          Code = "master_key_wrong"
	RootKeyNeeded           Code = "root_key_needed"
	SigningCertificateEnded Code = "signing_certificate_ended"
)

// Codes of the exchange: why a publisher does not do what an installation asks.
const (
	KeyUnknown             Code = "key_unknown"
	KeyMistyped            Code = "key_mistyped"
	KeyRegisteredElsewhere Code = "key_registered_elsewhere"
	NotARequest            Code = "not_a_request"
	AlreadyEnded           Code = "already_ended"
	KeyNotRegistered       Code = "key_not_registered"
	KeyInUse               Code = "key_in_use"
	KeyReplaced            Code = "key_replaced"
	ActivationsExhausted   Code = "activations_exhausted"
	WrongLicenseType       Code = "wrong_license_type"
	OtherOrganization      Code = "other_organization"
	SubscriptionNotStarted Code = "subscription_not_started"
	SubscriptionExpired    Code = "subscription_expired"
	SubscriptionSuspended  Code = "subscription_suspended"
	OverLimitSuspended     Code = "over_limit_suspended"
	MaintenanceEnded       Code = "maintenance_ended"
	OfflineNotAllowed      Code = "offline_not_allowed"
	NotActivated           Code = "not_activated"
	RequestSuperseded      Code = "request_superseded"
	InstallationForked     Code = "installation_forked"
)

// Codes of starting and operating a server or an agent.
const (
	ConfigurationInvalid Code = "configuration_invalid"
	DataFolderInUse      Code = "data_folder_in_use"
	NotSupported         Code = "not_supported"
)

// Codes of the agent.
const (
	WebhookNotSigned     Code = "webhook_not_signed"
	WrongMethod          Code = "wrong_method"
	NoPendingRequest     Code = "no_pending_request"
	PublisherUnreachable Code = "publisher_unreachable"
	AgentUnreachable     Code = "agent_unreachable"
	DifferenceChanged    Code = "difference_changed"
	SourceSilent         Code = "source_silent"
)

// Codes of licensefile: why a file or message is not accepted, or an operation
// not allowed. Those that the exchange answers with too stand above.
const (
	FileMalformed        Code = licensefile.CodeFileMalformed
	FileTooLarge         Code = licensefile.CodeFileTooLarge
	WrongType            Code = licensefile.CodeWrongType
	AlgorithmNotAllowed  Code = licensefile.CodeAlgorithmNotAllowed
	SignatureInvalid     Code = licensefile.CodeSignatureInvalid
	ChainUntrusted       Code = licensefile.CodeChainUntrusted
	CertificateExpired   Code = licensefile.CodeCertificateExpired
	CertificateRevoked   Code = licensefile.CodeCertificateRevoked
	TrustMalformed       Code = licensefile.CodeTrustMalformed
	WrongPublisher       Code = licensefile.CodeWrongPublisher
	WrongProduct         Code = licensefile.CodeWrongProduct
	WrongSlot            Code = licensefile.CodeWrongSlot
	WrongInstallation    Code = licensefile.CodeWrongInstallation
	LicenseNotNewer      Code = licensefile.CodeLicenseNotNewer
	LicenseIssuedEarlier Code = licensefile.CodeLicenseIssuedEarlier
	LicenseExpired       Code = licensefile.CodeLicenseExpired
	LicenseNotYetValid   Code = licensefile.CodeLicenseNotYetValid
	AnswerMismatch       Code = licensefile.CodeAnswerMismatch
	RequestPending       Code = licensefile.CodeRequestPending
	KeyMalformed         Code = licensefile.CodeKeyMalformed
	RequestInvalid       Code = licensefile.CodeRequestInvalid
	SilentTooLong        Code = licensefile.CodeSilentTooLong
	LeaseExpired         Code = licensefile.CodeLeaseExpired
	LimitReached         Code = licensefile.CodeLimitReached
	OverLimit            Code = licensefile.CodeOverLimit
)

// entry is a row of the table of codes.
type entry struct {
	status   int
	sentence string
}

// table holds every code that Licet answers with. The codes of licensefile are
// here too, since they reach people through the same doors.
var table = map[Code]entry{
	InvalidRequest:       {http.StatusBadRequest, "The request could not be read. Check that it is well-formed."},
	ValidationFailed:     {http.StatusUnprocessableEntity, "Some values are not valid. See the fields listed."},
	RequestTooLarge:      {http.StatusRequestEntityTooLarge, "The request is too large."},
	UnsupportedMediaType: {http.StatusUnsupportedMediaType, "This content type is not accepted here."},
	NotAcceptable:        {http.StatusNotAcceptable, "None of the accepted content types can be given here."},
	MethodNotAllowed:     {http.StatusMethodNotAllowed, "This method is not allowed here."},
	Unauthenticated:      {http.StatusUnauthorized, "Sign in, or send a valid API token."},
	Forbidden:            {http.StatusForbidden, "You do not have permission to do this."},
	NotFound:             {http.StatusNotFound, "There is no such thing, or you may not see it."},
	Conflict:             {http.StatusConflict, "This conflicts with what is already there."},
	TooManyFailures:      {http.StatusTooManyRequests, "Too many failed attempts from this address. Wait a minute and try again."},
	HostNotAllowed:       {http.StatusMisdirectedRequest, "This host name is not served here."},
	RequestCanceled:      {http.StatusServiceUnavailable, "The request ended before it was answered. Try again."},
	DatabaseUnavailable:  {http.StatusServiceUnavailable, "The database is not available right now. Nothing was changed; try again."},
	ShuttingDown:         {http.StatusServiceUnavailable, "The server is stopping. Try again shortly."},
	InternalError:        {http.StatusInternalServerError, "Something went wrong here. The request id helps support to find it."},

	VersionChanged:       {http.StatusPreconditionFailed, "This has been changed by somebody else meanwhile. Look at it again, then repeat your change."},
	IdempotencyKeyReused: {http.StatusConflict, "This Idempotency-Key was used for another request. Use a new key for a new request."},
	RequestInProgress:    {http.StatusConflict, "The same request is being done at this moment. Repeat it to learn what came of it."},
	ScopeMissing:         {http.StatusForbidden, "This API token lacks a scope that is needed here."},
	CrossOrigin:          {http.StatusForbidden, "This request came from another web site. Use the pages of this server."},

	CredentialsInvalid:   {http.StatusUnauthorized, "Email or password is invalid. Try again, or reset your password."},
	SecondFactorNeeded:   {http.StatusUnauthorized, "Enter the code of your authenticator app, or a recovery code."},
	SecondFactorInvalid:  {http.StatusUnauthorized, "This code is not valid, or was used already. Wait for the next one and try again."},
	SecondFactorSet:      {http.StatusConflict, "A second factor is set up already. Remove it first."},
	PasskeyInvalid:       {http.StatusUnauthorized, "The passkey was not accepted. Try again, or sign in with your password."},
	LinkInvalid:          {http.StatusNotFound, "This link is not valid, or was used already. Ask for a new one."},
	LinkExpired:          {http.StatusGone, "This link has expired. Ask for a new one."},
	AccountExists:        {http.StatusConflict, "An account with this email address exists already. Sign in, or reset its password."},
	AlreadyInvited:       {http.StatusConflict, "This email address is invited already. Resend the invitation instead."},
	AlreadyMember:        {http.StatusConflict, "This person is a member of the organization already."},
	InvitationEnded:      {http.StatusGone, "This invitation has expired, was withdrawn or was accepted already. Ask the administrator to invite you again."},
	InvitationForAnother: {http.StatusConflict, "This invitation is for another email address. Sign in with that address to accept it."},
	LastAdministrator:    {http.StatusConflict, "This is the organization's only account administrator. Make somebody else one first."},
	LastOwner:            {http.StatusConflict, "This is the publisher's only owner. Make somebody else one first."},
	Busy:                 {http.StatusTooManyRequests, "Too many sign-ins are waiting. Try again in a moment."},
	AuthorizationPending: {http.StatusBadRequest, "The sign-in has not been approved yet. Ask again in a while."},
	SlowDown:             {http.StatusBadRequest, "Ask less often whether the sign-in has been approved."},
	AuthorizationDenied:  {http.StatusForbidden, "The sign-in was denied."},
	AuthorizationExpired: {http.StatusGone, "The code is not known, has expired, or was used already. Compare it with what the agent shows, or start again there for a new one."},
	OrganizationsDiffer:  {http.StatusConflict, "These organizations are of different kinds and cannot be merged."},

	RenewalTooEarly:      {http.StatusConflict, "It is too early to renew this subscription."},
	NotRenewable:         {http.StatusConflict, "Subscriptions of this plan cannot be renewed. Order a new one."},
	SubscriptionCanceled: {http.StatusConflict, "The subscription has been canceled. Contact the publisher."},
	QuantityTooSmall:     {http.StatusConflict, "The subscription cannot shrink below what its sublicenses reserve."},
	PoolExhausted:        {http.StatusConflict, "The main pool has too few unused licenses for this."},
	QuotaTooSmall:        {http.StatusConflict, "More licenses of the sublicense are in use than this. Force it to make the sublicense smaller all the same."},
	DynamicNotAllowed:    {http.StatusConflict, "This plan allows reserved sublicenses only."},
	SublicenseEnded:      {http.StatusConflict, "This sublicense has ended. Ask your account administrator for another key."},
	SublicenseActivated:  {http.StatusConflict, "This sublicense is activated. Deactivate it first."},
	ReleaseNeedsFile:     {http.StatusConflict, "This row was activated offline. Upload its deactivation request file, or ask the publisher to release it."},
	InstallationShared:   {http.StatusConflict, "Installations use this subscription together with others of the organization. Deactivate them first, or merge the organizations."},
	ImportRefused:        {http.StatusUnprocessableEntity, "The import has faults, so nothing was imported. See the rows listed."},

	MasterKeyWrong:          {http.StatusInternalServerError, "The master key does not open this data. Use the master key that the data was made with."},
	RootKeyNeeded:           {http.StatusConflict, "The root's private key is kept offline. Give its file."},
	SigningCertificateEnded: {http.StatusServiceUnavailable, "The publisher's signing certificate has ended. The publisher has to rotate it."},

	KeyUnknown:             {http.StatusNotFound, "This license key is not known here. Check that it belongs to this publisher."},
	KeyMistyped:            {http.StatusNotFound, "This license key has a typing error. Compare it with the original, character by character."},
	KeyNotRegistered:       {http.StatusConflict, "This license key is not registered yet. Register it to your organization in the portal, then activate again."},
	KeyInUse:               {http.StatusConflict, "This license key is already used by another installation or site. Deactivate it there first, or use another key."},
	KeyReplaced:            {http.StatusConflict, "This license key has been replaced. Use the new key, which the portal shows."},
	ActivationsExhausted:   {http.StatusConflict, "All activations of this license key are in use. Deactivate one first, or use another key."},
	WrongLicenseType:       {http.StatusConflict, "This license key is for another license type. Use the key of this row's type."},
	KeyRegisteredElsewhere: {http.StatusConflict, "This license key is already registered to another organization. Ask its account administrator to invite you, or contact the publisher."},
	NotARequest:            {http.StatusUnprocessableEntity, "This file holds no request. Upload the request file that the agent saved."},
	AlreadyEnded:           {http.StatusConflict, "This row has already been deactivated."},
	OtherOrganization:      {http.StatusConflict, "This license key belongs to another organization than this installation. Use a key of the same organization."},
	SubscriptionNotStarted: {http.StatusConflict, "The subscription has not started yet. Activate from its start date on."},
	SubscriptionExpired:    {http.StatusConflict, "The subscription has ended. Renew it to activate or enroll again; refresh and deactivate still work."},
	SubscriptionSuspended:  {http.StatusConflict, "The subscription is suspended by the publisher. Contact the publisher."},
	OverLimitSuspended:     {http.StatusConflict, "The grace period for using more licenses than owned has ended. Remove devices or buy more licenses."},
	MaintenanceEnded:       {http.StatusConflict, "This release is newer than the end of maintenance. Renew maintenance or run an older release."},
	OfflineNotAllowed:      {http.StatusForbidden, "Offline activation is not enabled for this subscription. Ask the publisher to enable it, or activate online."},
	NotActivated:           {http.StatusNotFound, "This row is not activated. Activate it with a license key."},
	RequestSuperseded:      {http.StatusConflict, "A newer request of this row has already been taken. Use the newest file."},
	InstallationForked:     {http.StatusConflict, "Two copies of this installation are in use. Deactivate this row, or ask the publisher to release it."},

	WebhookNotSigned:     {http.StatusUnauthorized, "The signature of this webhook call does not match. Check the source's name and secret."},
	WrongMethod:          {http.StatusConflict, "This row is activated by the other method. Refresh and deactivate it the way it was activated."},
	NoPendingRequest:     {http.StatusNotFound, "No request file of this row waits for its answer."},
	PublisherUnreachable: {http.StatusBadGateway, "The publisher's server cannot be reached. What is licensed goes on; try again later, or use a file."},
	AgentUnreachable:     {http.StatusBadGateway, "The agent does not answer. Is it running?"},
	DifferenceChanged:    {http.StatusConflict, "The list or the devices changed since the difference was shown. Look at it again."},
	SourceSilent:         {http.StatusConflict, "A source of these devices was silent for as long, so they may well be in use. Check its connection, or force it."},

	ConfigurationInvalid: {http.StatusInternalServerError, "The configuration is not valid."},
	DataFolderInUse:      {http.StatusInternalServerError, "Another process uses this data folder. Stop it first."},
	NotSupported:         {http.StatusInternalServerError, "This is not supported here."},

	FileMalformed:        {http.StatusBadRequest, licensefile.Sentence(licensefile.CodeFileMalformed)},
	FileTooLarge:         {http.StatusRequestEntityTooLarge, licensefile.Sentence(licensefile.CodeFileTooLarge)},
	WrongType:            {http.StatusBadRequest, licensefile.Sentence(licensefile.CodeWrongType)},
	AlgorithmNotAllowed:  {http.StatusBadRequest, licensefile.Sentence(licensefile.CodeAlgorithmNotAllowed)},
	SignatureInvalid:     {http.StatusForbidden, licensefile.Sentence(licensefile.CodeSignatureInvalid)},
	ChainUntrusted:       {http.StatusForbidden, licensefile.Sentence(licensefile.CodeChainUntrusted)},
	CertificateExpired:   {http.StatusForbidden, licensefile.Sentence(licensefile.CodeCertificateExpired)},
	CertificateRevoked:   {http.StatusForbidden, licensefile.Sentence(licensefile.CodeCertificateRevoked)},
	TrustMalformed:       {http.StatusBadRequest, licensefile.Sentence(licensefile.CodeTrustMalformed)},
	WrongPublisher:       {http.StatusUnprocessableEntity, licensefile.Sentence(licensefile.CodeWrongPublisher)},
	WrongProduct:         {http.StatusUnprocessableEntity, licensefile.Sentence(licensefile.CodeWrongProduct)},
	WrongSlot:            {http.StatusUnprocessableEntity, licensefile.Sentence(licensefile.CodeWrongSlot)},
	WrongInstallation:    {http.StatusUnprocessableEntity, licensefile.Sentence(licensefile.CodeWrongInstallation)},
	LicenseNotNewer:      {http.StatusConflict, licensefile.Sentence(licensefile.CodeLicenseNotNewer)},
	LicenseIssuedEarlier: {http.StatusConflict, licensefile.Sentence(licensefile.CodeLicenseIssuedEarlier)},
	LicenseExpired:       {http.StatusConflict, licensefile.Sentence(licensefile.CodeLicenseExpired)},
	LicenseNotYetValid:   {http.StatusConflict, licensefile.Sentence(licensefile.CodeLicenseNotYetValid)},
	AnswerMismatch:       {http.StatusConflict, licensefile.Sentence(licensefile.CodeAnswerMismatch)},
	RequestPending:       {http.StatusConflict, licensefile.Sentence(licensefile.CodeRequestPending)},
	KeyMalformed:         {http.StatusUnprocessableEntity, licensefile.Sentence(licensefile.CodeKeyMalformed)},
	RequestInvalid:       {http.StatusUnprocessableEntity, licensefile.Sentence(licensefile.CodeRequestInvalid)},
	SilentTooLong:        {http.StatusConflict, licensefile.Sentence(licensefile.CodeSilentTooLong)},
	LeaseExpired:         {http.StatusConflict, licensefile.Sentence(licensefile.CodeLeaseExpired)},
	LimitReached:         {http.StatusConflict, licensefile.Sentence(licensefile.CodeLimitReached)},
	OverLimit:            {http.StatusConflict, licensefile.Sentence(licensefile.CodeOverLimit)},
}

// Status gives the HTTP status of a code; an unlisted code is a fault of ours.
func (c Code) Status() int {
	if e, ok := table[c]; ok {
		return e.status
	}
	return http.StatusInternalServerError
}

// Sentence gives the usual message of a code.
func (c Code) Sentence() string {
	if e, ok := table[c]; ok {
		return e.sentence
	}
	return table[InternalError].sentence
}

// Known reports whether the code stands in the table.
func (c Code) Known() bool {
	_, ok := table[c]
	return ok
}

// Codes lists every code, in order.
func Codes() []Code {
	codes := make([]Code, 0, len(table))
	for c := range table {
		codes = append(codes, c)
	}
	sort.Slice(codes, func(i, j int) bool { return codes[i] < codes[j] })
	return codes
}
