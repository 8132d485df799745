package apidocs

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed layout.html
var layout string

//go:embed api.html
var apiPage string

// page is what the page of the API shows.
type page struct {
	Title, Version, Description string
	Groups                      []group
	Types                       []object
}

// group are the operations of one tag.
type group struct {
	Name, Anchor string
	Operations   []operation
}

// operation is one operation.
type operation struct {
	ID, Method, Path, Summary, Description string

	Callers    []string // who may call it
	Parameters []member
	Body       *content
	Answers    []answer
	Curl       string
}

// content is what a request holds.
type content struct {
	Media   string
	Type    kind
	Members []member
}

// answer is what an operation may answer.
type answer struct {
	Status, Text string
	Media        []string
	Type         kind
}

// API gives the page of an API, whose examples go to a URL.
func API(doc *huma.OpenAPI, publicURL string) ([]byte, error) {
	r := reader{schemas: doc.Components.Schemas.Map(), url: strings.TrimSuffix(publicURL, "/")}
	p := page{Title: doc.Info.Title, Version: doc.Info.Version, Description: doc.Info.Description}
	byTag := map[string]*group{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, op := range operationsOf(doc.Paths[path]) {
			tag := strings.Join(op.Tags, ", ")
			if byTag[tag] == nil {
				byTag[tag] = &group{Name: tag, Anchor: "tag-" + strings.ReplaceAll(strings.ToLower(tag), " ", "-")}
			}
			byTag[tag].Operations = append(byTag[tag].Operations, r.operation(op))
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		p.Groups = append(p.Groups, *byTag[tag])
	}
	for _, name := range slices.Sorted(maps.Keys(r.schemas)) {
		p.Types = append(p.Types, object{Name: name, Text: r.schemas[name].Description, Members: r.members(r.schemas[name])})
	}
	return render(apiPage, p)
}

// operationsOf lists those of a path, in the order in which they are told.
func operationsOf(item *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil || op.Hidden })
}

// render fills a page into the layout.
func render(content string, data any) ([]byte, error) {
	t, err := template.New("layout").Parse(layout)
	if err == nil {
		t, err = t.Parse(content)
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.Bytes(), err
}

func (r reader) operation(op *huma.Operation) operation {
	o := operation{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description,
		Callers: callers(op.Security), Body: r.body(op.RequestBody), Curl: r.curl(op),
	}
	for _, p := range op.Parameters {
		o.Parameters = append(o.Parameters, member{
			Name: p.Name, In: p.In, Type: r.kind(p.Schema), Required: p.Required, Text: sentence(p.Description, p.Schema),
		})
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		o.Answers = append(o.Answers, r.answer(status, op.Responses[status]))
	}
	return o
}

// callers says who may call an operation.
func callers(security []map[string][]string) []string {
	var all []string
	for _, way := range security {
		if len(way) == 0 {
			return []string{"anybody, without signing in"}
		}
		for _, name := range slices.Sorted(maps.Keys(way)) {
			switch scopes := way[name]; {
			case name == "session":
				all = append(all, "a session")
			case len(scopes) == 0:
				all = append(all, "any API token")
			default:
				all = append(all, "an API token with "+strings.Join(scopes, " "))
			}
		}
	}
	return all
}

func (r reader) body(b *huma.RequestBody) *content {
	if b == nil {
		return nil
	}
	media, s := first(b.Content)
	return &content{Media: media, Type: r.kind(s), Members: r.members(r.follow(s))}
}

func (r reader) answer(status string, response *huma.Response) answer {
	a := answer{Status: status, Text: response.Description, Media: slices.Sorted(maps.Keys(response.Content))}
	if status == "default" {
		a.Status, a.Text = "4xx, 5xx", "A problem."
	}
	if _, err := strconv.Atoi(status); err == nil && a.Text == "" {
		a.Text = "Done."
	}
	for _, media := range a.Media {
		if a.Type.Text == "" {
			a.Type = r.kind(response.Content[media].Schema)
		}
	}
	return a
}
