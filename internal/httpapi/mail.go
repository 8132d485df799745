package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/mail"
)

func (h *handlers) registerMails() {
	const tag = "Mail"
	read, write := identity.Read(identity.ScopeSystem), identity.Write(identity.ScopeSystem)
	list(h, operation("list-mails", http.MethodGet, "/mails", tag, "What became of every mail", read), wireMail, h.mails)
	huma.Register(h.api, operation("get-mail", http.MethodGet, "/mails/{id}", tag, "Get a mail, without what it says", read), h.mail)
	huma.Register(h.api, operation("reveal-mail", http.MethodPost, "/mails/{id}/reveal", tag,
		"Read a mail that is not sent yet; it may hold a link that signs in, so this is recorded", write), h.revealMail)
	huma.Register(h.api, operation("retry-mail", http.MethodPost, "/mails/{id}/retry", tag, "Send a mail that failed again", write), h.retryMail)
	huma.Register(h.api, later(operation("send-test-mail", http.MethodPost, "/mail-tests", tag, "Send a mail to yourself, to see that mail arrives", write)), h.sendTestMail)
}

type mailFilter struct {
	Paging
	Kind      string `query:"kind" maxLength:"40" doc:"Such as invitation."`
	Recipient string `query:"recipient" maxLength:"254" doc:"The whole address."`
	Language  string `query:"language" enum:"en,ja,fr"`
	State     string `query:"state" enum:"queued,sent,failed"`
}

func (h *handlers) mails(ctx context.Context, in *mailFilter, l database.Listing) (database.Page[mail.Mail], error) {
	return h.Identity.Mails(ctx, actorFrom(ctx), mail.Filter{
		Kind: in.Kind, To: in.Recipient, Language: language.Tag(in.Language), State: mail.State(in.State),
	}, l)
}

func (h *handlers) mail(ctx context.Context, in *ByID) (*body[api.Mail], error) {
	return answer(wireMail)(h.Identity.MailByID(ctx, actorFrom(ctx), in.ID))
}

func (h *handlers) revealMail(ctx context.Context, in *ByID) (*body[api.MailText], error) {
	return answer(func(m mail.Opened) api.MailText { return api.MailText{Subject: m.Subject, Text: m.Text} })(
		h.Identity.ReadMail(ctx, actorFrom(ctx), in.ID))
}

func (h *handlers) retryMail(ctx context.Context, in *ByID) (*body[api.Mail], error) {
	if err := h.Identity.RetryMail(ctx, actorFrom(ctx), in.ID); err != nil {
		return nil, err
	}
	return h.mail(ctx, in)
}

func (h *handlers) sendTestMail(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, h.Identity.SendTestMail(ctx, actorFrom(ctx))
}

func wireMail(m mail.Mail) api.Mail {
	return api.Mail{
		ID: m.ID, Kind: m.Kind, Recipient: m.To, Language: string(m.Language), State: string(m.State), Attempts: m.Attempts,
		LastError: m.LastError, CreatedAt: m.CreatedAt, SentAt: m.SentAt, FailedAt: m.FailedAt,
	}
}
