package jobs

import "context"

// Once begins what is due at this moment, as far as there are slots, and waits
// for it.
func (w *Worker) Once(ctx context.Context) error {
	w.prepare()
	r := &run{Worker: w, work: ctx, slots: make(chan struct{}, orDefault(w.Parallel, defaultParallel)), crons: map[string]bool{}}
	err := r.look(ctx)
	r.group.Wait()
	return err
}
