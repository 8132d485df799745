package apidocs

import (
	_ "embed"
	"net/http"
	"strconv"

	"github.com/licethq/licet/internal/problem"
)

//go:embed problems.html
var problemsPage string

// refusal is a problem that the API may answer with.
type refusal struct {
	Code, Status, Sentence string
}

// problemPage is what a page of problems shows.
type problemPage struct {
	Title    string
	Problems []refusal
	One      bool
}

func refusalOf(c problem.Code) refusal {
	return refusal{Code: string(c), Status: strconv.Itoa(c.Status()) + " " + http.StatusText(c.Status()), Sentence: c.Sentence()}
}

// Problems gives the page of every problem.
func Problems() ([]byte, error) {
	p := problemPage{Title: "Problems"}
	for _, c := range problem.Codes() {
		p.Problems = append(p.Problems, refusalOf(c))
	}
	return render(problemsPage, p)
}

// Problem gives the page of one problem. Error: not_found.
func Problem(code string) ([]byte, error) {
	c := problem.Code(code)
	if !c.Known() {
		return nil, problem.New(problem.NotFound)
	}
	return render(problemsPage, problemPage{Title: code, Problems: []refusal{refusalOf(c)}, One: true})
}
