package api

// Page is a part of a list, the newest first when no sort is asked for.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Give it as cursor to get the next page; absent on the last."`
}

// Listing asks for a page. The zero Listing asks for the first.
type Listing struct {
	Cursor string
	Limit  int    // 1 to 200; 0 is the server's default
	Sort   string // name of an order, the other way round after a minus; empty is the list's own
}

// MaxPage is how many items a page holds at most.
const MaxPage = 200

// All gives a whole list, from page to page: read reads one.
func All[T any](l Listing, read func(Listing) (Page[T], error)) ([]T, error) {
	all := []T{}
	for l.Limit = MaxPage; ; {
		page, err := read(l)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.NextCursor == "" {
			return all, nil
		}
		l.Cursor = page.NextCursor
	}
}
