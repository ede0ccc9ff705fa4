//! Answers that wait until what they tell of is safe (`appendfsync always`), without their worker waiting.
//!
//! A batch runs, and its answers stay in the connection's output until the journal is safe up to where the batch ended; the
//! connection gives way meanwhile, and is woken. If that fails, the commands that wrote are answered with the
//! failure in the place of what they said. With the other policies a batch is handed to the kernel before it is
//! answered, so that what was answered outlives the process.

#[cfg(feature = "aof")]
pub(super) use kept::Safety;
#[cfg(not(feature = "aof"))]
pub(super) use memory::Safety;

/// Whether answers may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "aof"),
    expect(dead_code, reason = "nothing waits or fails without files")
)]
pub(super) enum Answers {
    Go,
    Wait,
    /// What they tell of cannot be made safe.
    Fail,
}

#[cfg(feature = "aof")]
mod kept {
    use std::sync::Arc;

    use super::Answers;
    use crate::api::Engine;
    use crate::command::Session;
    use crate::config::{AppendFsync, Reason};
    use crate::journal::{Outcome, Wait};
    use crate::network::crew;
    use crate::network::seat::{Bell, Seat};

    /// What a connection's answers wait for.
    #[derive(Debug)]
    pub(in crate::network) struct Safety {
        wait: Option<Wait>,
        /// Where the answers of commands begin in the output, of the batch that runs or waits.
        marks: Vec<Mark>,
        /// Whether those are kept: every write is made safe before it is answered.
        always: bool,
        /// Whether one of the answers that wait is a command's that somebody else served.
        served: bool,
        /// Up to where it is handed to the kernel before the answers are sent. That is left until then, so that what the
        /// worker's other connections have written meanwhile goes with it.
        unwritten: Option<u64>,
        bell: Arc<Bell>,
    }

    #[derive(Debug, Clone, Copy)]
    struct Mark {
        at: usize,
        /// Where this worker's last write ended.
        appended: Option<u64>,
    }

    impl Safety {
        pub(in crate::network) fn new(seat: &Seat) -> Safety {
            let (wait, marks) = (None, Vec::new());
            Safety {
                wait,
                marks,
                always: false,
                served: false,
                unwritten: None,
                bell: seat.shared_bell(),
            }
        }

        /// A batch begins.
        pub(in crate::network) fn begin(&mut self, engine: &Engine) {
            if !engine.keyspace().settings.gate.has(Reason::Waits) {
                self.always = false;
                return;
            }
            crew::on_batch();
            let aof = engine.aof();
            self.always = aof.settings.fsync() == AppendFsync::Always;
            self.marks.clear();
        }

        /// What follows in the output begins here.
        #[inline]
        pub(in crate::network) fn mark(&mut self, engine: &Engine, at: usize) {
            if self.always {
                let appended = engine.aof().journal.appended_here();
                self.marks.push(Mark { at, appended });
            }
        }

        /// A session's batch has ended: its answers wait for what it wrote.
        pub(in crate::network) fn end(&mut self, engine: &Engine, session: &Session) {
            let Some(up_to) = session.wrote_in_batch() else { return };
            if self.always {
                self.wait_for(engine, up_to);
            } else {
                self.unwritten = Some(up_to);
            }
        }

        /// A command that waited was served by somebody: its answer waits for all that was written.
        pub(in crate::network) fn served(&mut self, engine: &Engine) {
            if !engine.keyspace().settings.gate.has(Reason::Waits) {
                return;
            }
            let aof = engine.aof();
            self.marks.clear();
            match aof.settings.fsync() {
                AppendFsync::Always => {
                    self.wait_for(engine, aof.journal.all());
                    self.served = self.wait.is_some();
                }
                _ => self.unwritten = Some(aof.journal.all()),
            }
        }

        fn wait_for(&mut self, engine: &Engine, up_to: u64) {
            let aof = engine.aof();
            let now = aof.journal.wait_from_now(up_to);
            if aof.journal.outcome(&now) != Some(Outcome::Safe) {
                self.wait = Some(crew::wait(engine, up_to, &self.bell));
                // Else the crew has it made safe, together with what others of this worker write.
                if aof.settings.fsync() != AppendFsync::Always {
                    aof.want(up_to);
                }
            }
        }

        /// Waits, the worker with it, for what was written so far: there is too much output to keep. Returns whether it
        /// may be sent.
        pub(in crate::network) fn wait_now(&mut self, engine: &Engine) -> bool {
            if !self.always {
                return true;
            }
            self.marks.clear();
            engine.aof().make_safe() == Outcome::Safe
        }

        /// Whether answers may be sent.
        #[inline]
        pub(in crate::network) fn answers(&mut self, engine: &Engine) -> Answers {
            if let Some(up_to) = self.unwritten.take() {
                engine.aof().write_through(up_to);
            }
            let Some(wait) = &self.wait else { return Answers::Go };
            match engine.aof().journal.outcome(wait) {
                None => Answers::Wait,
                Some(Outcome::Safe) => {
                    self.wait = None;
                    self.served = false;
                    Answers::Go
                }
                Some(Outcome::Failed) => {
                    self.wait = None;
                    Answers::Fail
                }
            }
        }

        /// Puts the failure in the place of what commands said that wrote. Returns false if it is not known which
        /// those are, as what served a command is not this worker's write.
        pub(in crate::network) fn tell_failure(
            &mut self,
            engine: &Engine,
            output: &mut Vec<u8>,
        ) -> bool {
            let Some(first) = self.marks.first().filter(|_| !self.served) else { return false };
            let error = engine.keyspace().settings.gate.aof_error();
            let told = format!("-{error}\r\n").into_bytes();
            let last = engine.aof().journal.appended_here();
            let mut retold = output[..first.at].to_vec();
            for (i, mark) in self.marks.iter().enumerate() {
                let next = self.marks.get(i + 1);
                let said = &output[mark.at..next.map_or(output.len(), |next| next.at)];
                let wrote = next.map_or(last, |next| next.appended) != mark.appended;
                retold.extend_from_slice(if wrote && !said.is_empty() { &told } else { said });
            }
            *output = retold;
            self.marks.clear();
            true
        }
    }
}

#[cfg(not(feature = "aof"))]
mod memory {
    use super::Answers;
    use crate::api::Engine;
    use crate::command::Session;
    use crate::network::seat::Seat;

    /// Nothing is kept in files: nothing waits.
    #[derive(Debug)]
    pub(in crate::network) struct Safety;

    impl Safety {
        pub(in crate::network) fn new(_: &Seat) -> Safety {
            Safety
        }
        pub(in crate::network) fn begin(&mut self, _: &Engine) {}
        pub(in crate::network) fn mark(&mut self, _: &Engine, _: usize) {}
        pub(in crate::network) fn end(&mut self, _: &Engine, _: &Session) {}
        pub(in crate::network) fn served(&mut self, _: &Engine) {}
        pub(in crate::network) fn wait_now(&mut self, _: &Engine) -> bool {
            true
        }
        pub(in crate::network) fn answers(&mut self, _: &Engine) -> Answers {
            Answers::Go
        }
        pub(in crate::network) fn tell_failure(&mut self, _: &Engine, _: &mut Vec<u8>) -> bool {
            true
        }
    }
}
