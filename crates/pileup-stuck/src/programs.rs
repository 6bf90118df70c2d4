//! The programs, one file each.

pileup_scenario::programs! {
    leaky:
    /// A poll that blocks its worker until another task has run
    blocking_flush;
    /// Three tasks that each hold one lock and wait for the next
    cycle_of_three_locks;
    /// A shutdown that waits for tasks that do not know of it
    drain_without_end;
    /// A pool whose permits were all forgotten
    exhausted_pool;
    /// A pool whose connections are all held by tasks that wait
    holders_of_a_pool;
    /// A poll that asks a stream again and again after its end
    stream_after_its_end;
    /// Two workers that block on each other's lock
    two_locks_of_std;
    /// A task that waits for a write lock and holds a read lock of the same resource
    upgraded_read_lock;
}
