package language

import (
	"golang.org/x/text/language"
)

// Tag names a language, as in BCP 47.
type Tag string

// The languages of Licet.
const (
	English  Tag = "en"
	Japanese Tag = "ja"
	French   Tag = "fr"
)

// Tags lists the languages, English first.
func Tags() []Tag { return []Tag{English, Japanese, French} }

// Valid reports whether s names a language of Licet.
func Valid(s string) bool {
	for _, t := range Tags() {
		if string(t) == s {
			return true
		}
	}
	return false
}

// maxAccept bounds how much of an Accept-Language header is looked at.
const maxAccept = 500

// Match gives the language of Licet that suits an Accept-Language header best;
// English when none does.
func Match(acceptLanguage string) Tag {
	if len(acceptLanguage) > maxAccept {
		return English
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return English
	}
	tags := Tags()
	known := make([]language.Tag, len(tags))
	for i, t := range tags {
		known[i] = language.Make(string(t))
	}
	_, at, confidence := language.NewMatcher(known).Match(wanted...)
	if confidence == language.No {
		return English
	}
	return tags[at]
}
