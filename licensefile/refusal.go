package licensefile

// Refusal says why a file or message is not accepted, or an operation not
// allowed. Code never changes; Message is a sentence that a person can act on
// and holds no secret.
type Refusal struct {
	Code    string
	Message string
}

// Error gives the code and the message.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }
