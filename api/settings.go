package api

// Settings are what a publisher may set for the people who use the server.
type Settings struct {
	SupportEmail        string `json:"support_email" maxLength:"254" doc:"Whom people may turn to, also those who cannot sign in."`
	SupportURL          string `json:"support_url" maxLength:"2000"`
	InvitationDays      int64  `json:"invitation_days" doc:"How long an invitation lives."`
	ResetMinutes        int64  `json:"reset_minutes" doc:"How long the link of a password reset works."`
	ConfirmHours        int64  `json:"confirm_hours" doc:"How long a sign-up waits for its confirmation."`
	SessionIdleHours    int64  `json:"session_idle_hours" doc:"A session ends after so long without use."`
	SessionDays         int64  `json:"session_days" doc:"A session ends after so long whatever happens."`
	SecondFactorMinutes int64  `json:"second_factor_minutes" doc:"How long a sign-in waits for its second factor."`
	DeviceCodeMinutes   int64  `json:"device_code_minutes" doc:"How long an agent waits for its sign-in to be approved."`
	MinPassword         int64  `json:"min_password" doc:"Least number of characters of a password."`
	MailsPerHour        int64  `json:"mails_per_hour" doc:"How many mails strangers can cause to one address."`
	IdempotencyHours    int64  `json:"idempotency_hours" doc:"How long an Idempotency-Key is remembered."`
}

// SettingsChange replaces the settings.
type SettingsChange Settings
