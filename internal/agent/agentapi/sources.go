package agentapi

import (
	"context"
	"net/http"

	"github.com/licethq/licet/internal/agent"
)

func (h *handlers) registerSources() {
	const tag = "Sites and sources"
	register(h, operation("list-sites", http.MethodGet, "/sites", tag, "List the sites"), h.sites)
	register(h, created(operation("create-site", http.MethodPost, "/sites", tag, "Add a site with its rows")), h.createSite)
	register(h, operation("rename-site", http.MethodPut, "/sites/{site}", tag, "Rename a site"), h.renameSite)
	register(h, operation("list-sources", http.MethodGet, "/sources", tag, "List where facts about devices come from"), h.sources)
	register(h, created(operation("create-source", http.MethodPost, "/sources", tag, "Add a source at a site")), h.createSource)
	register(h, operation("sync-devices", http.MethodPost, "/sources/{source}/sync", tag,
		"Make a list what a csv source knows, or show what that would change"), h.sync)
}

// Sites is the list of sites.
type Sites struct {
	Sites []Site `json:"sites"`
}

// Sources is the list of sources.
type Sources struct {
	Sources []Source `json:"sources"`
}

type newSite struct {
	Body SiteName
}

type siteRenaming struct {
	Site string `path:"site" maxLength:"100" doc:"Id or name; ~ is the default site."`
	Body SiteName
}

type newSource struct {
	Body NewSource
}

type listInput struct {
	Source string `path:"source" maxLength:"40"`
	Body   List
}

func (h *handlers) sites(ctx context.Context, _ *struct{}) (*body[Sites], error) {
	sites, err := h.agent.Sites(ctx)
	return answer(Sites{each(sites, wireSite)}, err)
}

func (h *handlers) createSite(ctx context.Context, in *newSite) (*body[Site], error) {
	s, err := h.agent.CreateSite(ctx, in.Body.Name)
	return answer(wireSite(s), err)
}

func (h *handlers) renameSite(ctx context.Context, in *siteRenaming) (*body[Site], error) {
	s, err := h.agent.RenameSite(ctx, RowPath{Site: in.Site}.site(), in.Body.Name)
	return answer(wireSite(s), err)
}

func (h *handlers) sources(ctx context.Context, _ *struct{}) (*body[Sources], error) {
	sources, err := h.agent.Sources(ctx)
	return answer(Sources{each(sources, wireSource)}, err)
}

func (h *handlers) createSource(ctx context.Context, in *newSource) (*body[CreatedSource], error) {
	s, secret, err := h.agent.CreateSource(ctx, agent.NewSource{
		Name: in.Body.Name, Kind: agent.SourceKind(in.Body.Kind), Site: in.Body.Site, Secret: in.Body.Secret,
	})
	w := CreatedSource{Source: wireSource(s), Secret: secret}
	if s.Kind == agent.SourceNanoMDM {
		w.Webhook = webhookPath + s.Name
	}
	return answer(w, err)
}

func (h *handlers) sync(ctx context.Context, in *listInput) (*body[Difference], error) {
	var d agent.Difference
	var err error
	if in.Body.Apply {
		d, err = h.agent.Sync(ctx, in.Source, []byte(in.Body.CSV), in.Body.Digest)
	} else {
		d, err = h.agent.PreviewSync(ctx, in.Source, []byte(in.Body.CSV))
	}
	if err != nil {
		return answer(Difference{}, err)
	}
	rows, err := h.usage(ctx, d.Counts)
	return answer(wireDifference(d, in.Body.Apply, h.wireDevice, rows), err)
}

// usage gives counts with the maximums of their rows.
func (h *handlers) usage(ctx context.Context, counts []agent.Count) ([]Usage, error) {
	rows, err := h.agent.Rows(ctx)
	maximums := map[agent.RowKey]*int64{}
	for _, r := range rows {
		maximums[r.Key()] = r.Maximum()
	}
	return each(counts, func(c agent.Count) Usage {
		return Usage{SiteID: c.SiteID, LicenseType: c.LicenseType, Used: c.Used, Maximum: maximums[c.RowKey]}
	}), err
}
