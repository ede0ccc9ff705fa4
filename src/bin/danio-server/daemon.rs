//! `daemonize yes`: going on in the background.

use std::io;
use std::process::{Command, Stdio};

/// Set for a process that was started to be the daemon.
const MARK: &str = "DANIO_DAEMONIZED";

/// Whether this process is the daemon already.
pub(crate) fn is_one() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Starts this program again, apart from the terminal, with the same arguments.
pub(crate) fn start() -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).env(MARK, "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map(drop)
}
