package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
)

func TestAllReadsEveryPageWithTheSameSort(t *testing.T) {
	var asked []api.Listing
	all, err := api.All(api.Listing{Sort: "-name", Limit: 3}, func(l api.Listing) (api.Page[int], error) {
		asked = append(asked, l)
		next := ""
		if len(asked) < 3 {
			next = fmt.Sprint("after-", len(asked))
		}
		return api.Page[int]{Items: []int{len(asked)}, NextCursor: next}, nil
	})
	if diff := cmp.Diff([]int{1, 2, 3}, all); diff != "" || err != nil {
		t.Errorf("items (-want +got), %v:\n%s", err, diff)
	}
	want := []api.Listing{
		{Sort: "-name", Limit: api.MaxPage},
		{Sort: "-name", Limit: api.MaxPage, Cursor: "after-1"},
		{Sort: "-name", Limit: api.MaxPage, Cursor: "after-2"},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

func TestAllOfNothingIsAnEmptyListAndAPartIsNone(t *testing.T) {
	all, err := api.All(api.Listing{}, func(api.Listing) (api.Page[int], error) { return api.Page[int]{}, nil })
	if all == nil || len(all) != 0 || err != nil {
		t.Errorf("nothing: %v %v, want an empty list", all, err)
	}
	broken := errors.New("broken")
	all, err = api.All(api.Listing{}, func(l api.Listing) (api.Page[int], error) {
		if l.Cursor != "" {
			return api.Page[int]{}, broken
		}
		return api.Page[int]{Items: []int{1}, NextCursor: "more"}, nil
	})
	if all != nil || !errors.Is(err, broken) {
		t.Errorf("a second page that cannot be read: %v %v, want no part", all, err)
	}
}

// answering is a server that answers alike whatever is asked, and notes the last
// request.
func answering(t *testing.T, status int, contentType, body string) (*api.Client, func() *http.Request) {
	t.Helper()
	var last *http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last = r
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the client's error would show it
	}))
	t.Cleanup(s.Close)
	return api.New(s.URL+"/", "lic_test"), func() *http.Request { return last }
}

func TestARequestCarriesTokenKeyAndListing(t *testing.T) {
	client, last := answering(t, 200, "application/json", `{"items": []}`)
	ctx := api.Repeatable(t.Context(), "once")
	if _, err := client.Organizations(ctx, api.OrganizationFilter{Kind: "partner", Search: "a&b"}, api.Listing{Limit: 7, Sort: "-name", Cursor: "c"}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{
		"url": last().URL.String(), "token": last().Header.Get("Authorization"), "key": last().Header.Get("Idempotency-Key"),
	}
	want := map[string]string{
		"url": "/api/v1/organizations?cursor=c&kind=partner&limit=7&search=a%26b&sort=-name", "token": "Bearer lic_test", "key": "once",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestProblemsComeWithCodeFaultsAndTimeToWait(t *testing.T) {
	client, _ := answering(t, 429, "application/problem+json",
		`{"code": "too_many_failures", "detail": "Wait.", "request_id": "r", "errors": [{"pointer": "/name", "message": "is bad"}], "status": 200}`)
	_, err := client.Publisher(t.Context())
	var p *api.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a problem", err)
	}
	if p.Code != "too_many_failures" || p.Status != 429 || p.RetryAfter.Seconds() != 30 || p.RequestID != "r" {
		t.Errorf("problem: %+v", p)
	}
	if want := "Wait. /name is bad. (too_many_failures)"; err.Error() != want {
		t.Errorf("text %q, want %q", err.Error(), want)
	}
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
	}{
		"a proxy's page":     {502, "<html>bad gateway</html>"},
		"a problem of none":  {500, "{}"},
		"half an answer":     {200, `{"id": "x`},
		"a list for a thing": {200, `[]`},
	} {
		client, _ := answering(t, tt.status, "text/html", tt.body)
		if _, err := client.Publisher(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
