package language

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestEveryTextIsThereInEveryLanguage(t *testing.T) {
	w := loaded()
	for _, tag := range Tags() {
		for _, other := range Tags() {
			for id := range w.texts[other] {
				if _, ok := w.texts[tag][id]; !ok {
					t.Errorf("%s is in %s.json but not in %s.json", id, other, tag)
				}
			}
		}
	}
}

func TestEveryLanguageOfATextShowsTheSameData(t *testing.T) {
	w := loaded()
	for _, tag := range Tags() {
		for id, text := range w.texts[tag] {
			if diff := cmp.Diff(names(w.texts[English][id]), names(text)); diff != "" {
				t.Errorf("data of %s in %s (-English +%s):\n%s", id, tag, tag, diff)
			}
		}
	}
}

// pluralForms are those that integers take (CLDR).
func pluralForms() map[Tag][]string {
	return map[Tag][]string{
		English:  {"one", "other"},
		Japanese: {"other"},
		French:   {"many", "one", "other"}, // many is for millions: « un million de clés »
	}
}

func TestEveryCountHasThePluralFormsOfItsLanguage(t *testing.T) {
	w := loaded()
	for id, text := range w.texts[English] {
		if len(forms(text)) == 1 {
			continue
		}
		for _, tag := range Tags() {
			var missing []string
			have := forms(w.texts[tag][id])
			for _, form := range pluralForms()[tag] {
				if have[form] == "" {
					missing = append(missing, form)
				}
			}
			if len(missing) > 0 {
				t.Errorf("%s in %s lacks the forms %v", id, tag, missing)
			}
		}
	}
}

// A text that were a template of another kind could fail when it is shown.
func TestTextsKnowNoOtherTemplatesThanNames(t *testing.T) {
	braces := regexp.MustCompile(`\{\{|\}\}`)
	for tag, texts := range loaded().texts {
		for id, text := range texts {
			for form, s := range forms(text) {
				if rest := placeholder.ReplaceAllString(s, ""); braces.MatchString(rest) {
					t.Errorf("%s in %s, form %s, holds a template that is no {{.name}}: %q", id, tag, form, s)
				}
				if strings.TrimSpace(s) != s {
					t.Errorf("%s in %s, form %s, begins or ends with a space", id, tag, form)
				}
			}
		}
	}
}

func TestEveryMailHasASubjectAndAText(t *testing.T) {
	for id := range loaded().texts[English] {
		kind, ok := strings.CutPrefix(id, "mail.")
		kind, part, _ := strings.Cut(kind, ".")
		if !ok || kind == "layout" {
			continue
		}
		if !Has("mail."+kind+".subject") || !Has("mail."+kind+".text") {
			t.Errorf("%s has no subject or no text beside %s", kind, part)
		}
		if part != "subject" && part != "text" && part != "action" {
			t.Errorf("%s is neither subject, text nor action", id)
		}
	}
}

func TestTextFollowsItsLanguage(t *testing.T) {
	data := map[string]any{"publisher": "Example Software"}
	for name, tt := range map[string]struct {
		tag  Tag
		id   string
		want string
	}{
		"English":             {English, "mail.test.subject", "Mail from Example Software works"},
		"French":              {French, "mail.test.subject", "Les messages de Example Software arrivent bien"},
		"Japanese":            {Japanese, "mail.test.subject", "Example Software からのメールは正常に届いています"},
		"an unknown language": {"xx", "mail.test.subject", "Mail from Example Software works"},
		"an unknown text":     {English, "mail.nothing", "mail.nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Text(tt.tag, tt.id, data); got != tt.want {
				t.Errorf("Text(%s, %s) = %q, want %q", tt.tag, tt.id, got, tt.want)
			}
		})
	}
}

func TestMatchFindsTheBestLanguage(t *testing.T) {
	for name, tt := range map[string]struct {
		accept string
		want   Tag
	}{
		"nothing":             {"", English},
		"a region":            {"fr-CA", French},
		"by quality":          {"en;q=0.5, ja;q=0.9", Japanese},
		"the first known one": {"de, fr;q=0.8, en;q=0.7", French},
		"none known":          {"de, sv", English},
		"everything":          {"*", English},
		"not a header":        {";;;q=,", English},
		"a huge one":          {strings.Repeat("fr,", 4000), English},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Match(tt.accept); got != tt.want {
				t.Errorf("Match(%.40q) = %s, want %s", tt.accept, got, tt.want)
			}
		})
	}
}

func TestOnlyTheLanguagesOfLicetAreValid(t *testing.T) {
	for s, want := range map[string]bool{"en": true, "ja": true, "fr": true, "": false, "EN": false, "de": false, "en-US": false} {
		if got := Valid(s); got != want {
			t.Errorf("Valid(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestCountsChooseThePluralFormOfTheirLanguage(t *testing.T) {
	w, err := load(fstest.MapFS{
		"words/en.json": {Data: []byte(`{"keys": {"one": "{{.count}} key", "other": "{{.count}} keys"}}`)},
		"words/ja.json": {Data: []byte(`{"keys": {"other": "キー {{.count}} 個"}}`)},
		"words/fr.json": {Data: []byte(`{"keys": {"one": "{{.count}} clé", "many": "{{.count}} de clés", "other": "{{.count}} clés"}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		tag   Tag
		count int64
		want  string
	}{
		"one, English":      {English, 1, "1 key"},
		"none, English":     {English, 0, "0 keys"},
		"two, Japanese":     {Japanese, 2, "キー 2 個"},
		"none, French":      {French, 0, "0 clé"},
		"two, French":       {French, 2, "2 clés"},
		"a million, French": {French, 1_000_000, "1000000 de clés"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := w.text(tt.tag, "keys", map[string]any{"count": tt.count}); got != tt.want {
				t.Errorf("text = %q, want %q", got, tt.want)
			}
		})
	}
}
