//! The programs, one file each.

mod accept_loop;
mod actor_per_user;
mod backpressure;
mod block_in_place;
mod blocking_jobs;
mod burst;
mod cpu_heavy;
mod fire_and_forget;
mod ghosts;
mod handed_over_guard;
mod handed_over_lease;
mod heartbeat_sessions;
mod idle_worker_pool;
mod keep_alive_pool;
mod late_turns;
mod leases_that_are_aborted;
mod limited_dispatcher;
mod lock_convoy;
mod long_poll;
mod long_sleepers;
mod parts_of_one_report;
mod permits_of_a_static;
mod reservations;
mod sessions_in_spans;
mod shared_queue;
mod single_flight;
mod slow_batch;
mod slow_peer;
mod standby;
mod startup_ramp;
mod tenants;
mod ticking_loops;
mod watchers;

use clap::ValueEnum;
use pileup_scenario::Scenario;

/// The name of a program: that of its file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Program {
    /// Listeners without clients
    AcceptLoop,
    /// One task for each user, who come and go
    ActorPerUser,
    /// Senders that wait for a slow consumer
    Backpressure,
    /// Blocking work on workers that were given up for it
    BlockInPlace,
    /// Blocking work of many minutes on threads of its own
    BlockingJobs,
    /// A thousand requests at once
    Burst,
    /// Long computations that yield
    CpuHeavy,
    /// Detached tasks that end soon
    FireAndForget,
    /// Tasks that have ended, kept on the wire by what they started
    Ghosts,
    /// A lock whose guards are passed on to the tasks they admit
    HandedOverGuard,
    /// Leases that are passed on to workers, with others on standby
    HandedOverLease,
    /// Silent sessions with a heartbeat
    HeartbeatSessions,
    /// Workers with nothing to do, each on a queue of its own
    IdleWorkerPool,
    /// Connections that are kept open for the next request
    KeepAlivePool,
    /// Tasks that take their turn at a lock late
    LateTurns,
    /// Tasks that are aborted in the end
    LeasesThatAreAborted,
    /// Permits that are passed on to the jobs they admit
    LimitedDispatcher,
    /// A hot lock that goes from hand to hand
    LockConvoy,
    /// Requests that are held until there is news
    LongPoll,
    /// Timers that are due tomorrow
    LongSleepers,
    /// Parts of one task that want the same lock
    PartsOfOneReport,
    /// Permits that are passed on, and borrow from a static
    PermitsOfAStatic,
    /// Seats that are kept for a minute
    Reservations,
    /// Tasks that have ended, kept on the wire by the spans of their sessions
    SessionsInSpans,
    /// Workers with nothing to do, behind the lock of one queue
    SharedQueue,
    /// Requests that wait for one slow load
    SingleFlight,
    /// Long jobs whose parts complete
    SlowBatch,
    /// Downloads to peers that read slowly
    SlowPeer,
    /// Tasks that wait for a lock on purpose
    Standby,
    /// Services that are started one by one
    StartupRamp,
    /// One task for each tenant, of whom fewer and fewer are new
    Tenants,
    /// Loops that tick for good
    TickingLoops,
    /// Watchers of what seldom happens
    Watchers,
}

impl Program {
    /// The program, as the healthy variant of a scenario that has no other.
    pub fn scenario(self) -> Scenario {
        let scenario = Scenario::new();
        match self {
            Self::AcceptLoop => scenario.healthy(accept_loop::run),
            Self::ActorPerUser => scenario.healthy(actor_per_user::run),
            Self::Backpressure => scenario.healthy(backpressure::run),
            Self::BlockInPlace => scenario.healthy(block_in_place::run),
            Self::BlockingJobs => scenario.healthy(blocking_jobs::run),
            Self::Burst => scenario.healthy(burst::run),
            Self::CpuHeavy => scenario.healthy(cpu_heavy::run),
            Self::FireAndForget => scenario.healthy(fire_and_forget::run),
            Self::Ghosts => scenario.healthy(ghosts::run),
            Self::HandedOverGuard => scenario.healthy(handed_over_guard::run),
            Self::HandedOverLease => scenario.healthy(handed_over_lease::run),
            Self::HeartbeatSessions => scenario.healthy(heartbeat_sessions::run),
            Self::IdleWorkerPool => scenario.healthy(idle_worker_pool::run),
            Self::KeepAlivePool => scenario.healthy(keep_alive_pool::run),
            Self::LateTurns => scenario.healthy(late_turns::run),
            Self::LeasesThatAreAborted => scenario.healthy(leases_that_are_aborted::run),
            Self::LimitedDispatcher => scenario.healthy(limited_dispatcher::run),
            Self::LockConvoy => scenario.healthy(lock_convoy::run),
            Self::LongPoll => scenario.healthy(long_poll::run),
            Self::LongSleepers => scenario.healthy(long_sleepers::run),
            Self::PartsOfOneReport => scenario.healthy(parts_of_one_report::run),
            Self::PermitsOfAStatic => scenario.healthy(permits_of_a_static::run),
            Self::Reservations => scenario.healthy(reservations::run),
            Self::SessionsInSpans => scenario.healthy(sessions_in_spans::run),
            Self::SharedQueue => scenario.healthy(shared_queue::run),
            Self::SingleFlight => scenario.healthy(single_flight::run),
            Self::SlowBatch => scenario.healthy(slow_batch::run),
            Self::SlowPeer => scenario.healthy(slow_peer::run),
            Self::Standby => scenario.healthy(standby::run),
            Self::StartupRamp => scenario.healthy(startup_ramp::run),
            Self::Tenants => scenario.healthy(tenants::run),
            Self::TickingLoops => scenario.healthy(ticking_loops::run),
            Self::Watchers => scenario.healthy(watchers::run),
        }
    }
}
