//! A job queue on a stream: workers share the jobs, failures are tried again, what keeps failing
//! goes to a list of dead letters, and what a crashed worker leaves behind others finish.
//!
//! ```text
//! cargo run --example job_queue
//! ```
//!
//! A job is an entry of the stream `jobs`. A worker that finds none sleeps until there is one, and whoever sleeps for
//! longest is handed the next. A worker that reads a job has it pending until it acknowledges it; only then is it
//! deleted. What is pending for longer than a job may take is read again, by
//! whoever comes first, and with it how often it was tried. A job may so be *started* twice, but after it was
//! acknowledged it is never seen again.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use danio::{
    Config, ConsumerGroup, Db, DeleteOutcome, Engine, GroupReadOptions, ManualClock, Redelivered,
    Result,
};

const JOBS: usize = 1000;
const WORKERS: usize = 4;
/// How long a job may take before somebody else tries it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a job is tried before it is given up.
const TRIES: u64 = 3;

fn main() -> Result<()> {
    // The clock stands still until the example moves it, so that nothing here depends on how fast
    // the machine is. An application leaves it out.
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()))?;
    let queue = Queue::open(engine.db(0)?)?;
    let finished = Mutex::new(HashMap::new());
    let asleep = AtomicUsize::new(0);
    std::thread::scope(|scope| -> Result<()> {
        let (queue, finished, asleep) = (&queue, &finished, &asleep);
        let start = |worker| {
            // The last worker crashes with jobs in its hands.
            let crashes = worker == WORKERS - 1;
            scope.spawn(move || work(queue, worker, crashes, finished, asleep).expect("in memory"))
        };
        let workers: Vec<_> = (0..WORKERS).map(start).collect();
        for number in 0..JOBS {
            queue.submit(number)?;
        }
        // What failed, and what the crashed worker left, is tried again when its time is over. Time passes
        // when all workers sleep.
        loop {
            let left = workers.iter().filter(|worker| !worker.is_finished()).count();
            if left == 0 {
                return Ok(());
            }
            if asleep.load(Relaxed) == left {
                clock.advance(TIMEOUT);
            }
            std::thread::yield_now();
        }
    })?;

    let finished = finished.into_inner().expect("no worker panics");
    let dead = queue.db.xrange("jobs:dead", ..)?;
    let poisoned = (0..JOBS).filter(|number| is_poisoned(*number)).count();
    assert_eq!(dead.len(), poisoned, "what always fails ends as a dead letter");
    assert_eq!(finished.len() + dead.len(), JOBS, "no job is lost");
    assert!(finished.values().all(|times| *times == 1), "none is done twice");
    assert_eq!(queue.db.xlen("jobs")?, 0, "what is done is deleted");
    println!(
        "{} jobs done by {WORKERS} workers, {} given up after {TRIES} tries",
        finished.len(),
        dead.len(),
    );
    for letter in dead.iter().take(2) {
        println!("dead letter {}: {:?}", letter.id, letter.fields);
    }
    Ok(())
}

/// The stream of jobs, and the group in which the workers read it.
struct Queue {
    db: Db,
    group: ConsumerGroup,
}

impl Queue {
    fn open(db: Db) -> Result<Queue> {
        let group = db.consumer_group("jobs", "workers");
        match group.create_from_start() {
            // It is there already when the application starts again.
            Err(error) if error.code() == "BUSYGROUP" => {}
            made => made?,
        }
        Ok(Queue { db, group })
    }

    fn submit(&self, number: usize) -> Result<()> {
        self.db.xadd("jobs", [("task", "resize"), ("image", &number.to_string())])?;
        Ok(())
    }

    /// Jobs for a worker: first those that were left lying, then new ones. Sleeps while there are none, but not for longer
    /// than it takes until something may have been left lying.
    fn take(&self, worker: &str) -> Result<Vec<Redelivered>> {
        let options = GroupReadOptions::new().count(16).claim_idle(TIMEOUT);
        self.group.read_blocking(worker, options, TIMEOUT)
    }

    /// Acknowledges a job. Returns false if somebody else has it by now.
    fn finish(&self, job: &Redelivered) -> Result<bool> {
        let outcomes = self.group.ack_and_delete([job.entry.id])?;
        Ok(outcomes == [DeleteOutcome::Deleted])
    }

    /// Puts a job aside that fails again and again, unless somebody else has it by now.
    fn give_up(&self, job: &Redelivered, tries: u64) -> Result<()> {
        let fields = job.entry.fields.iter().map(|(f, v)| (f.to_vec(), v.to_vec()));
        let why = [(b"tries".to_vec(), tries.to_string().into_bytes())];
        // Either in the queue or among the dead, whatever happens in between.
        self.db.transaction(["jobs", "jobs:dead"], |tx| {
            let group = tx.consumer_group("jobs", "workers");
            if group.ack_and_delete([job.entry.id])? == [DeleteOutcome::Deleted] {
                tx.xadd("jobs:dead", fields.chain(why))?;
            }
            Ok(())
        })
    }

    /// Whether there are jobs that nobody has finished.
    fn is_busy(&self) -> Result<bool> {
        let info = self.db.xinfo_groups("jobs")?;
        Ok(info[0].pending > 0 || info[0].lag != Some(0))
    }
}

/// Works until all jobs are finished.
fn work(
    queue: &Queue,
    worker: usize,
    crashes: bool,
    finished: &Mutex<HashMap<usize, usize>>,
    asleep: &AtomicUsize,
) -> Result<()> {
    let name = format!("worker-{worker}");
    loop {
        asleep.fetch_add(1, Relaxed);
        let jobs = queue.take(&name)?;
        asleep.fetch_sub(1, Relaxed);
        let crashed = crashes && !jobs.is_empty();
        if crashed || (jobs.is_empty() && !queue.is_busy()?) {
            return Ok(());
        }
        for job in jobs {
            let number = image(&job);
            if resize(number, job.deliveries).is_ok() {
                if queue.finish(&job)? {
                    *finished.lock().expect("no worker panics").entry(number).or_default() += 1;
                }
            } else if job.deliveries + 1 >= TRIES {
                queue.give_up(&job, job.deliveries + 1)?;
            }
            // Any other job that failed stays pending, and is tried again later.
        }
    }
}

fn image(job: &Redelivered) -> usize {
    let text = job.entry.get("image").and_then(|image| std::str::from_utf8(image).ok());
    text.and_then(|text| text.parse().ok()).expect("every job has an image")
}

/// The work itself, which now and then fails.
fn resize(number: usize, tried: u64) -> std::result::Result<(), &'static str> {
    if is_poisoned(number) || (number % 10 == 3 && tried == 0) {
        return Err("out of luck");
    }
    Ok(())
}

fn is_poisoned(number: usize) -> bool {
    number % 50 == 7
}
