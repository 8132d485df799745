package language

import (
	"embed"
	"io/fs"
	"regexp"
	"slices"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed words/*.json
var files embed.FS

// words are the texts of all languages.
type words struct {
	localizers map[Tag]*i18n.Localizer
	texts      map[Tag]map[string]i18n.Message
}

// loaded reads the embedded files once; they are part of the program.
var loaded = sync.OnceValue(func() *words {
	w, err := load(files)
	if err != nil {
		panic(err) // a test loads them too
	}
	return w
})

// load reads words/*.json, each file named after its language.
func load(tree fs.FS) (*words, error) {
	bundle := i18n.NewBundle(language.English)
	w := &words{localizers: map[Tag]*i18n.Localizer{}, texts: map[Tag]map[string]i18n.Message{}}
	names, err := fs.Glob(tree, "words/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		file, err := bundle.ParseMessageFileBytes(data, name)
		if err != nil {
			return nil, err
		}
		texts := map[string]i18n.Message{}
		for _, m := range file.Messages {
			texts[m.ID] = *m
		}
		w.texts[Tag(file.Tag.String())] = texts
	}
	for _, t := range Tags() {
		w.localizers[t] = i18n.NewLocalizer(bundle, string(t))
	}
	return w, nil
}

// Text gives a text with its data, in English when the language lacks it, and
// the id itself when there is none at all. The plural form follows
// data["count"], an integer.
func Text(t Tag, id string, data map[string]any) string { return loaded().text(t, id, data) }

func (w *words) text(t Tag, id string, data map[string]any) string {
	localizer, ok := w.localizers[t]
	if !ok {
		localizer = w.localizers[English]
	}
	// Beside an error comes the best that there is: English, or the form "other".
	text, _ := localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: data["count"]})
	if text == "" {
		return id
	}
	return text
}

// Has reports whether there is a text with an id.
func Has(id string) bool {
	_, ok := loaded().texts[English][id]
	return ok
}

var placeholder = regexp.MustCompile(`\{\{\s*\.([a-z_]+)\s*\}\}`)

// Needs lists the names of the data that a text shows, in order.
func Needs(id string) []string {
	m := loaded().texts[English][id]
	return names(m)
}

func names(m i18n.Message) []string {
	var all []string
	for _, form := range forms(m) {
		for _, found := range placeholder.FindAllStringSubmatch(form, -1) {
			all = append(all, found[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// forms gives the texts of a message by the names of their plural forms.
func forms(m i18n.Message) map[string]string {
	all := map[string]string{}
	for name, text := range map[string]string{
		"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other,
	} {
		if text != "" {
			all[name] = text
		}
	}
	return all
}
