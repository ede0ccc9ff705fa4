//! What a server says of itself when it starts.

use std::io::IsTerminal;

/// Shows the logo, or a line in its place.
pub(crate) fn show(log: &super::log::Log, port: i64, always: bool, to_file: bool) {
    if always || (!to_file && std::io::stdout().is_terminal()) {
        log.raw(&logo(port));
    } else {
        tracing::info!("Running mode=standalone, port={port}.");
    }
}

fn logo(port: i64) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let (bits, pid) = (usize::BITS, std::process::id());
    format!(
        r"
          o   __________
        o   _/ . ______ \_____/|     Danio {version} ({bits} bit)
           <__    ______       |
         o   \___________/---\_|     Running in standalone mode
                                     Port: {port}
                                     PID: {pid}

"
    )
}
