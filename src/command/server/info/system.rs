//! What the operating system knows of the process; zero where it is not asked.

/// Its name and version, and the processor's architecture.
pub(super) fn os() -> String {
    let release = first_line("/proc/sys/kernel/osrelease")
        .map(|release| format!(" {release}"))
        .unwrap_or_default();
    let name = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "Darwin",
        "windows" => "Windows",
        other => other,
    };
    format!("{name}{release} {}", std::env::consts::ARCH)
}

/// Bytes of memory that the process has in use.
pub(in crate::command::server) fn resident() -> u64 {
    field_in_kib("/proc/self/status", "VmRSS:")
}

/// Bytes of memory that the machine has.
pub(super) fn total_memory() -> u64 {
    field_in_kib("/proc/meminfo", "MemTotal:")
}

/// How the process waits for its sockets, by the name of the system's call.
pub(super) fn multiplexing_api() -> &'static str {
    match std::env::consts::OS {
        "linux" | "android" => "epoll",
        "windows" => "iocp",
        _ => "kqueue",
    }
}

/// Seconds that the process spent in the kernel and in its own code.
pub(super) fn cpu_seconds() -> (f64, f64) {
    cpu_seconds_in("/proc/self/stat")
}

/// Those of its first thread.
pub(super) fn cpu_seconds_of_main() -> (f64, f64) {
    cpu_seconds_in(&format!("/proc/self/task/{}/stat", std::process::id()))
}

fn cpu_seconds_in(path: &str) -> (f64, f64) {
    /// Linux reports these times in hundredths of a second to every program.
    const TICKS: f64 = 100.0;
    let Some(line) = first_line(path) else {
        return (0.0, 0.0);
    };
    // The program's name may hold blanks, and ends with the last parenthesis.
    let after_name = line.rsplit(')').next().unwrap_or_default();
    let mut fields = after_name
        .split_whitespace()
        .skip(11)
        .map(|field| field.parse::<f64>().unwrap_or_default() / TICKS);
    let user = fields.next().unwrap_or_default();
    (fields.next().unwrap_or_default(), user)
}

/// The first line of a file of `/proc`, where there is one.
fn first_line(path: &str) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_string)
}

fn field_in_kib(path: &str, name: &str) -> u64 {
    if !cfg!(target_os = "linux") {
        return 0;
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
