package bench

import "time"

// watch looks at the memory of a process while a load runs.
type watch struct {
	done chan struct{}
	most chan int64
}

// watchEvery is how often a watch looks.
const watchEvery = 100 * time.Millisecond

func startWatch(pid int) *watch {
	w := &watch{done: make(chan struct{}), most: make(chan int64)}
	go func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		most := resident(pid)
		for {
			select {
			case <-tick.C:
				most = max(most, resident(pid))
			case <-w.done:
				w.most <- max(most, resident(pid))
				return
			}
		}
	}()
	return w
}

// stop ends the watch and gives the most memory it saw.
func (w *watch) stop() int64 {
	close(w.done)
	return <-w.most
}
