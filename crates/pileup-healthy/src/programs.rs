//! The programs, one file each.

pileup_scenario::programs! {
    healthy:
    /// Listeners without clients
    accept_loop;
    /// One task for each user, who come and go
    actor_per_user;
    /// Senders that wait for a slow consumer
    backpressure;
    /// Blocking work on workers that were given up for it
    block_in_place;
    /// Blocking work of many minutes on threads of its own
    blocking_jobs;
    /// A thousand requests at once
    burst;
    /// Long computations that yield
    cpu_heavy;
    /// Detached tasks that end soon
    fire_and_forget;
    /// Tasks that have ended, kept on the console by what they started
    ghosts;
    /// A lock whose guards are passed on to the tasks they admit
    handed_over_guard;
    /// Leases that are passed on to workers, with others on standby
    handed_over_lease;
    /// Silent sessions with a heartbeat
    heartbeat_sessions;
    /// Workers with nothing to do, each on a queue of its own
    idle_worker_pool;
    /// Connections that are kept open for the next request
    keep_alive_pool;
    /// Tasks that take their turn at a lock late
    late_turns;
    /// Tasks that are aborted in the end
    leases_that_are_aborted;
    /// Permits that are passed on to the jobs they admit
    limited_dispatcher;
    /// A hot lock that goes from hand to hand
    lock_convoy;
    /// Requests that are held until there is news
    long_poll;
    /// Timers that are due tomorrow
    long_sleepers;
    /// Parts of one task that want the same lock
    parts_of_one_report;
    /// Permits that are passed on, and borrow from a static
    permits_of_a_static;
    /// Seats that are kept for a minute
    reservations;
    /// Tasks that have ended, kept on the console by the spans of their sessions
    sessions_in_spans;
    /// Workers with nothing to do, behind the lock of one queue
    shared_queue;
    /// Requests that wait for one slow load
    single_flight;
    /// Long jobs whose parts complete
    slow_batch;
    /// Downloads to peers that read slowly
    slow_peer;
    /// Tasks that wait for a lock on purpose
    standby;
    /// Services that are started one by one
    startup_ramp;
    /// One task for each tenant, of whom fewer and fewer are new
    tenants;
    /// Loops that tick for good
    ticking_loops;
    /// Watchers of what seldom happens
    watchers;
}
