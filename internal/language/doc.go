// Package language holds the words of Licet in its languages: English, Japanese
// and French (R6).
//
// Words lie in words/en.json, words/ja.json and words/fr.json, by ids such as
// mail.invitation.subject: an object of texts, or of objects with the plural
// forms one, many (French needs it) and other where a text has a count. A text
// names its data as {{.name}}, and knows no other template; the count is
// {{.count}}.
//
// English is what is shown when a text is missing. Tests see to it that none
// is, that all languages of a text name the same data, and that every plural
// form is there that the language has.
package language
