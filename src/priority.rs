//! Work that gives way to other work.

/// Has the system run the thread that calls this only where other threads leave it time, or a small share of it: for work that
/// nobody waits for. It stays so until the thread ends. Where the system does not know such threads, nothing happens.
pub(crate) fn give_way() {
    #[cfg(target_os = "linux")]
    {
        /// A tenth of the weight that others have.
        const NICE: i32 = 10;
        // To Linux, the process that calls is the thread. Without it the work is done all the same.
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}
