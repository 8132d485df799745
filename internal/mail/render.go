package mail

import (
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/licethq/licet/internal/language"
)

// Contact is who sends mails, and whom their readers may turn to (R3).
type Contact struct {
	Publisher    string
	SupportEmail string
	SupportURL   string
}

// support gives what is said of whom to turn to; empty when nobody is named.
func (c Contact) support() string {
	parts := slices.DeleteFunc([]string{c.SupportEmail, c.SupportURL}, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

// letter is a rendered mail: what is sealed.
type letter struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text,omitempty"`
	HTML    string `json:"html,omitempty"`
	ReplyTo string `json:"reply_to,omitempty"`
}

// sheet is what the layouts show.
type sheet struct {
	Language   language.Tag
	Subject    string
	Paragraphs []string
	Action     string // of the button
	URL        string
	Fallback   string
	Support    string
	SentBy     string
	Publisher  string
}

// render gives the letter of a message. An error is a fault of the program: no
// words for the kind, or data that they need and do not get.
func render(m Message, c Contact, publicURL string) (letter, error) {
	data := shown(m.Data)
	if _, ok := data["publisher"]; !ok {
		data["publisher"] = oneLine(c.Publisher)
	}
	id := "mail." + m.Kind
	for _, part := range []string{".subject", ".text"} {
		if !language.Has(id + part) {
			return letter{}, fmt.Errorf("mail: there are no words for %s%s", id, part)
		}
		for _, name := range language.Needs(id + part) {
			if _, ok := data[name]; !ok {
				return letter{}, fmt.Errorf("mail: %s%s needs %s", id, part, name)
			}
		}
	}
	word := func(id string, more map[string]any) string {
		all := maps.Clone(data)
		maps.Copy(all, more)
		return language.Text(m.Language, id, all)
	}
	s := sheet{
		Language: m.Language, Subject: oneLine(word(id+".subject", nil)), Publisher: oneLine(c.Publisher),
		Paragraphs: strings.Split(word(id+".text", nil), "\n\n"),
		SentBy:     word("mail.layout.sent_by", map[string]any{"publisher": oneLine(c.Publisher)}),
	}
	if m.Link != "" {
		s.URL = strings.TrimSuffix(publicURL, "/") + m.Link
		s.Fallback = word("mail.layout.fallback", nil)
		s.Action = word(id+".action", nil)
	}
	if support := c.support(); support != "" {
		s.Support = word("mail.layout.support", map[string]any{"contact": support})
	}
	html, err := s.html()
	return letter{To: m.To, Subject: s.Subject, Text: s.text(), HTML: html, ReplyTo: c.SupportEmail}, err
}

// text gives the plain part.
func (s sheet) text() string {
	parts := slices.Clone(s.Paragraphs)
	if s.URL != "" {
		parts = append(parts, s.Action+":\n"+s.URL)
	}
	end := "-- \n" + s.SentBy
	if s.Support != "" {
		end += "\n" + s.Support
	}
	return strings.Join(append(parts, end), "\n\n") + "\n"
}

//go:embed layout.html
var layout string

// html gives the other part. html/template escapes what the words show.
func (s sheet) html() (string, error) {
	t, err := template.New("layout").Parse(layout)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, s)
	return b.String(), err
}
