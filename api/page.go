package api

// Page is a part of a list, newest first.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Give it as cursor to get the next page; absent on the last."`
}

// Listing asks for a page. The zero Listing asks for the first.
type Listing struct {
	Cursor string
	Limit  int // 1 to 200; 0 is the server's default
}
