// Package jobs is the durable queue and the schedule of a server, on its
// database.
//
// # Jobs
//
// A job is added in the transaction of what it follows from, so that it exists
// if and only if that is stored. Its payload holds ids and figures, never a
// secret. It is
//
//	waiting  until its time, and between two tries
//	leased   while a server works on it
//	done
//	failed   when its handler gave up; Retry makes it wait again
//
// Several servers share the queue. A server takes a job with a guarded update
// that leases it for longer than its handler may take. When that server dies,
// the lease ends and another one takes the job: a job runs at least once, and
// its handler must bear a repeat. Each try counts when it begins, so that a job
// which kills its server is given up, too.
//
// A job that fails is tried again later, each time after about twice as long,
// with some jitter, so that what failed together is not tried together.
//
// Jobs of a kind that no server has a handler for wait.
//
// # Schedule
//
// A Cron runs every so often, on one server at a time. Who runs it first moves
// its row in the table schedule to when it would be run again if this server
// died, and afterwards to when it is due next. What fails is tried again soon.
package jobs
