package problem_test

import (
	"net/http"
	"testing"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func TestEveryCodeOfTheExchangeStandsInTheTable(t *testing.T) {
	for _, code := range licensefile.RefusalCodes() {
		if !problem.Code(code).Known() {
			t.Errorf("code %q of licensefile is not in the table", code)
		}
	}
}

func TestARefusalKeepsItsCodeAndSentence(t *testing.T) {
	p := problem.From(licensefile.NewRefusal(licensefile.CodeWrongSlot, nil))
	if p.Code != problem.WrongSlot || p.Message != licensefile.Sentence(licensefile.CodeWrongSlot) {
		t.Errorf("got %q %q, want the refusal's own code and sentence", p.Code, p.Message)
	}
	if got := p.Code.Status(); got != http.StatusUnprocessableEntity {
		t.Errorf("status of %s: got %d, want 422", p.Code, got)
	}
}
