package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// StaffMember is a person of the publisher.
type StaffMember struct {
	PersonID  string    `json:"person_id"`
	FirstName string    `json:"first_name"`
	LastName  string    `json:"last_name"`
	Email     string    `json:"email"`
	Role      string    `json:"role" doc:"owner, sales, support or auditor."`
	CreatedAt time.Time `json:"created_at" doc:"When they were appointed."`
}

// Appointment makes somebody a member of staff, who has an account or gets one.
type Appointment struct {
	Email     string `json:"email" maxLength:"254"`
	FirstName string `json:"first_name,omitempty" maxLength:"200"`
	LastName  string `json:"last_name,omitempty" maxLength:"200"`
	Language  string `json:"language,omitempty" enum:"en,ja,fr" doc:"Of a new account; en when left out."`
	Role      string `json:"role" enum:"owner,sales,support,auditor"`
}

// StaffChange gives a member of staff another role.
type StaffChange struct {
	Role string `json:"role" enum:"owner,sales,support,auditor"`
}

// StaffFilter chooses members of staff. Empty members choose all.
type StaffFilter struct {
	Role   string
	Search string
	Sort   string
}

// Staff lists members of staff.
func (c *Client) Staff(ctx context.Context, f StaffFilter, l Listing) (Page[StaffMember], error) {
	return get[Page[StaffMember]](ctx, c, "/staff", l.query("role", f.Role, "search", f.Search, "sort", f.Sort))
}

// StaffMember gives a member of staff.
func (c *Client) StaffMember(ctx context.Context, personID string) (StaffMember, error) {
	return get[StaffMember](ctx, c, "/staff/"+url.PathEscape(personID), nil)
}

// AppointStaff makes somebody a member of staff.
func (c *Client) AppointStaff(ctx context.Context, a Appointment) (StaffMember, error) {
	return send[StaffMember](ctx, c, http.MethodPost, "/staff", a)
}

// ChangeStaff gives a member of staff another role.
func (c *Client) ChangeStaff(ctx context.Context, personID, role string) (StaffMember, error) {
	return send[StaffMember](ctx, c, http.MethodPatch, "/staff/"+url.PathEscape(personID), StaffChange{role})
}

// RemoveStaff takes a person off the staff.
func (c *Client) RemoveStaff(ctx context.Context, personID string) error {
	_, _, err := c.do(ctx, http.MethodDelete, "/staff/"+url.PathEscape(personID), "", nil)
	return err
}
