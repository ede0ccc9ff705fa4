//! From a configuration to a server that runs until it is told to stop.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use danio::command::{Ending, Instance, Parameters};
use danio::network::{ConfError, RedisConf, ServerOptions};
use danio::{AppendFsync, Config, Engine, Upkeep};

use super::args::Arguments;
use super::log::Log;
use super::{banner, daemon, load};

/// `save`, where no configuration names it.
const SAVE_POINTS: &[u8] = b"3600 1 300 100 60 10000";

/// A failure that the user has been told of.
#[derive(Debug)]
pub(crate) struct Reported;

/// Serves until a signal or a client ends it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Reported> {
    let log = Log::install();
    let conf = RedisConf::load(
        arguments.file.as_deref(),
        arguments.stdin && !daemon::is_one(),
        &arguments.options,
    )
    .map_err(report)?;
    let first = Parameters::new();
    conf.apply(&first).map_err(report)?;
    if first.number("daemonize") != 0 && !daemon::is_one() {
        return daemon::start().map_err(|error| fail(&format!("Can't start the daemon: {error}")));
    }
    follow_log(&log, &first)?;
    let config = config(&first);
    let (config, steered) = match &arguments.fake {
        Some(options) => super::fake::steer(options, config).map_err(|why| fail(&why))?,
        None => (config, None),
    };
    let engine = Engine::open(config).map_err(|error| fail(&error.to_string()))?;
    if let Some(steered) = &steered {
        steered.install(&engine);
    }
    let instance = Instance::of(&engine);
    let parameters = &instance.parameters;
    if let Some(file) = &arguments.file {
        instance.set_config_file(file);
    }
    // Nobody expects a test's data in a file, or a file's data in a test.
    if !conf.names("save") && steered.is_none() {
        parameters.load(b"save", &[SAVE_POINTS]).expect("these are save points");
    }
    conf.apply(parameters).map_err(report)?;
    follow_log(&log, parameters)?;
    announce(arguments);
    log.set_serving();
    raise_file_limit(parameters);
    if !conf.names("io-threads") {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).to_string();
        parameters
            .load_default(b"io-threads", &[workers.as_bytes()])
            .expect("the number of cores is a number of threads");
    }
    let options = options(parameters)?;
    banner::show(
        &log,
        parameters.number("port"),
        parameters.number("always-show-logo") != 0,
        to_file(parameters),
    );
    warn_of_backlog(parameters);
    let pid_file = write_pid_file(parameters);
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    instance.loading.begin(i64::try_from(seconds(engine.time())).unwrap_or(i64::MAX));
    let server = options.serve(&engine).map_err(|error| {
        tracing::warn!("Warning: Could not create server listening socket {error}");
        tracing::warn!("Failed listening on port {} (tcp), aborting.", parameters.number("port"));
        Reported
    })?;
    tracing::info!("Server initialized");
    let socket = parameters.text("unixsocket");
    instance.on_exit(move || exit(pid_file.as_deref(), &socket));
    watch_signals(engine.clone())
        .map_err(|error| fail(&format!("Can't watch for signals: {error}")))?;
    if steered.is_none() {
        load::load(&engine, &instance)?;
    }
    instance.loading.end();
    if parameters.number("port") != 0 {
        tracing::info!("Ready to accept connections tcp");
    }
    if !parameters.text("unixsocket").is_empty() {
        tracing::info!("Ready to accept connections unix");
    }
    // The process ends by `exit`, while everything stands still.
    server.wait();
    Ok(())
}

/// Ends the process. Whoever calls this holds everything still, so that nothing is answered any more.
fn exit(pid_file: Option<&Path>, socket: &[u8]) {
    if let Some(path) = pid_file {
        tracing::info!("Removing the pid file.");
        // It may have been removed by hand.
        let _ = fs::remove_file(path);
    }
    if !socket.is_empty() {
        tracing::info!("Removing the unix socket file.");
        let _ = fs::remove_file(path_of(socket));
    }
    tracing::warn!("Danio is now ready to exit, bye bye...");
    std::process::exit(0);
}

/// What must be known before there is an engine that could follow the parameters.
fn config(parameters: &Parameters) -> Config {
    let yes = |name: &str| parameters.number(name) != 0;
    let text = |name: &str| String::from_utf8_lossy(&parameters.text(name)).into_owned();
    let fsync = match parameters.number("appendfsync") {
        0 => AppendFsync::EverySec,
        1 => AppendFsync::Always,
        _ => AppendFsync::No,
    };
    Config::new()
        .databases(u32::try_from(parameters.number("databases")).unwrap_or(u32::MAX))
        .upkeep(Upkeep::Thread)
        .append_only(yes("appendonly"))
        .append_only_deferred()
        .append_fsync(fsync)
        .append_filename(text("appendfilename"))
        .append_dirname(text("appenddirname"))
        .aof_load_truncated(yes("aof-load-truncated"))
        .aof_fallback_to_rdb(yes("aof-fallback-to-rdb"))
        .aof_use_rdb_preamble(yes("aof-use-rdb-preamble"))
        .aof_timestamp_enabled(yes("aof-timestamp-enabled"))
        .no_appendfsync_on_rewrite(yes("no-appendfsync-on-rewrite"))
}

/// Tells the user why the configuration cannot be used, as Redis does.
fn report(error: ConfError) -> Reported {
    match &error {
        ConfError::Line { .. } => report_fatal(&error.to_string()),
        _ => fail(&format!("Fatal error, {error}")),
    }
}

fn report_fatal(why: &str) -> Reported {
    eprintln!("\n*** FATAL CONFIG FILE ERROR (Danio {}) ***\n{why}", env!("CARGO_PKG_VERSION"));
    Reported
}

fn fail(text: &str) -> Reported {
    tracing::error!("{text}");
    Reported
}

/// Has the log follow `loglevel`, and write to `logfile` from now on.
fn follow_log(log: &Log, parameters: &Parameters) -> Result<(), Reported> {
    let file = parameters.text("logfile");
    if !file.is_empty()
        && let Err(error) = log.set_file(path_of(&file))
    {
        let text = error.to_string();
        let words = text.split(" (os error").next().unwrap_or_default();
        return Err(report_fatal(&format!("Can't open the log file: {words}")));
    }
    let log = log.clone();
    let hook = move |value: &danio::command::Setting| {
        log.set_least(value.number());
        Ok(())
    };
    parameters.on_change("loglevel", hook).expect("every level is one of the log's");
    Ok(())
}

fn to_file(parameters: &Parameters) -> bool {
    !parameters.text("logfile").is_empty()
}

fn announce(arguments: &Arguments) {
    let (version, bits, pid) = (env!("CARGO_PKG_VERSION"), usize::BITS, std::process::id());
    tracing::info!("oO0OoO0OoO0Oo Danio is starting oO0OoO0OoO0Oo");
    tracing::info!("Danio version={version}, bits={bits}, pid={pid}, just started");
    if *arguments == Arguments::default() {
        tracing::warn!(
            "Warning: no config file specified, using the default config. In order to specify a config file use \
             danio-server /path/to/redis.conf"
        );
    } else {
        tracing::info!("Configuration loaded");
    }
}

/// Where and how to listen.
fn options(parameters: &Parameters) -> Result<ServerOptions, Reported> {
    let number = |name: &str| parameters.number(name);
    let mut options = ServerOptions::new()
        .backlog(u32::try_from(number("tcp-backlog")).unwrap_or(u32::MAX))
        .workers(usize::try_from(number("io-threads")).unwrap_or(1));
    let port = u16::try_from(number("port")).expect("a port has 16 bits");
    let bind = parameters.text("bind");
    let names = String::from_utf8_lossy(&bind);
    let names = names.split_ascii_whitespace().filter(|_| port != 0);
    let mut anywhere = false;
    for name in names {
        anywhere = true;
        // A dash in front: it does not matter if this machine has no such address.
        let (name, optional) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
        match addresses(name, port) {
            Ok(found) if optional => {
                options = found.into_iter().fold(options, ServerOptions::tcp_if_available)
            }
            Ok(found) => options = found.into_iter().fold(options, ServerOptions::tcp),
            Err(_) if optional => {}
            Err(error) => {
                tracing::warn!(
                    "Warning: Could not create server TCP listening socket {name}:{port}: {error}"
                );
                return Err(fail(&format!("Failed listening on port {port} (tcp), aborting.")));
            }
        }
    }
    let socket = parameters.text("unixsocket");
    #[cfg(unix)]
    if !socket.is_empty() {
        anywhere = true;
        let permissions =
            u32::try_from(number("unixsocketperm")).expect("permissions have nine bits");
        options = options.unix(path_of(&socket), permissions);
    }
    #[cfg(not(unix))]
    if !socket.is_empty() {
        return Err(fail("Unix sockets are not available on this system."));
    }
    if anywhere { Ok(options) } else { Err(fail("Configured to not listen anywhere, exiting.")) }
}

fn addresses(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match name {
        "*" => Ok(vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)]),
        "::*" => Ok(vec![SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)]),
        _ => Ok(vec![(name, port).to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?]),
    }
}

/// Lets the process have as many descriptors as clients, or makes do with fewer clients.
fn raise_file_limit(parameters: &Parameters) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        /// Descriptors for anything but clients.
        const OWN: u64 = 32;
        let clients = parameters.number("maxclients").unsigned_abs();
        let wanted = clients + OWN;
        let limit = getrlimit(Resource::Nofile);
        if limit.current.is_none_or(|current| current >= wanted) {
            return;
        }
        let maximum = Some(limit.maximum.map_or(wanted, |most| most.max(wanted)));
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
            .or_else(|_| {
                setrlimit(
                    Resource::Nofile,
                    Rlimit { current: limit.maximum, maximum: limit.maximum },
                )
            });
        let now = getrlimit(Resource::Nofile).current.unwrap_or(wanted);
        if now >= wanted {
            return;
        }
        let possible = now.saturating_sub(OWN).max(1);
        tracing::warn!(
            "You requested maxclients of {clients} requiring at least {wanted} max file descriptors."
        );
        if let Err(error) = raised {
            tracing::warn!(
                "Server can't set maximum open files to {wanted} because of OS error: {error}."
            );
        }
        tracing::warn!(
            "Current maximum open files is {now}. maxclients has been reduced to {possible} to compensate for low \
             ulimit. If you need higher maxclients increase 'ulimit -n'."
        );
        let possible = possible.to_string();
        parameters
            .load(b"maxclients", &[possible.as_bytes()])
            .expect("a smaller number of clients is one too");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parameters;
}

/// The kernel silently cuts a backlog that is longer than its own limit.
fn warn_of_backlog(parameters: &Parameters) {
    let wanted = parameters.number("tcp-backlog");
    let limit = fs::read_to_string("/proc/sys/net/core/somaxconn")
        .ok()
        .and_then(|text| text.trim().parse::<i64>().ok());
    if let Some(limit) = limit.filter(|limit| *limit < wanted) {
        tracing::warn!(
            "WARNING: The TCP backlog setting of {wanted} cannot be enforced because /proc/sys/net/core/somaxconn is \
             set to the lower value of {limit}."
        );
    }
}

/// Writes the process's number where `pidfile` says; gives the path if it could be done.
fn write_pid_file(parameters: &Parameters) -> Option<PathBuf> {
    let path = parameters.text("pidfile");
    let path = Some(path_of(&path)).filter(|path| !path.as_os_str().is_empty())?;
    match fs::write(&path, format!("{}\n", std::process::id())) {
        Ok(()) => Some(path),
        Err(error) => {
            tracing::warn!("Failed to write PID file: {error}");
            None
        }
    }
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// Ends the server at SIGINT or SIGTERM, or what the system has in their place.
fn watch_signals(engine: Engine) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let inside = runtime.enter();
    #[cfg(unix)]
    let (mut interrupt, mut terminate) = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    drop(inside);
    std::thread::Builder::new().name("danio-signals".to_string()).spawn(move || {
        runtime.block_on(async {
            let mut insisted = false;
            loop {
                #[cfg(unix)]
                let name = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                };
                #[cfg(not(unix))]
                let name = {
                    // Without a console there is no such signal, and nothing to wait for.
                    if tokio::signal::ctrl_c().await.is_err() {
                        return;
                    }
                    "Ctrl-C"
                };
                if insisted && name != "SIGTERM" {
                    tracing::warn!("You insist... exiting now.");
                    std::process::exit(1);
                }
                insisted = true;
                tracing::warn!("Received {name} scheduling shutdown...");
                let instance = Instance::of(&engine);
                let parameter =
                    if name == "SIGTERM" { "shutdown-on-sigterm" } else { "shutdown-on-sigint" };
                let ending = Ending::of_signal(&instance.parameters.text(parameter));
                if ending.run(&engine).is_err() {
                    tracing::warn!("{name} received but errors trying to shut down the server, check the logs for more information");
                    insisted = false;
                }
            }
        });
    })?;
    Ok(())
}
