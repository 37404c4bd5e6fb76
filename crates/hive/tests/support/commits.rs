//! One commit with its undo, and the questions every commit must answer at every cut.
//!
//! Invariants: recovery is the test kit's, written from the format and not from the crate under
//! test; chance has fixed seeds. Absent on purpose: which cases there are.

use super::cuts::{in_order, pieces, reordered};
use super::{Dice, NOW, logs};
use hive::commit::{self, Action, Files, Member, Method};
use hive::{Editor, Hive, RegData};
use testkit::HiveBuilder;
use testkit::replay::{self, State};

/// States with lost writes, per commit and per undo.
const CHANCES: usize = 300;
/// The number of the hive most cases begin with.
pub(crate) const SEQUENCE: u32 = 40;
/// All ways to commit.
pub(crate) const METHODS: [Method; 3] = [Method::NewLog, Method::OldLog, Method::NoLog];

/// A hive with its logs, and what it is to become.
pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) before: Files,
    /// The hive before, as recovery gives it.
    old: Hive,
    edited: Hive,
}

/// The hive of most cases, to be changed before it is built.
pub(crate) fn builder() -> HiveBuilder {
    let mut hive = HiveBuilder::new();
    hive.sequence = SEQUENCE;
    for number in 0..40 {
        hive.key(&format!("Set\\Key{number}"))
            .dword("A", number)
            .sz("B", "text");
    }
    hive
}

/// Edits a clean hive; `data` bytes of a new value, none for a change in place.
pub(crate) fn edit(primary: &[u8], data: usize) -> Hive {
    let mut editor = Editor::new(Hive::open(primary.to_vec()).unwrap(), NOW).unwrap();
    editor
        .set_value("Set\\Key7", "A", &RegData::dword(0xABCD))
        .unwrap();
    // A single number needs no new cell, so that no size changes.
    if data > 0 {
        let big = RegData {
            kind: hive::RegType::BINARY,
            bytes: vec![0xB6; data],
        };
        editor.set_value("Set\\Key33\\New", "Data", &big).unwrap();
    }
    editor.finish().unwrap()
}

/// What the test kit recovers.
pub(crate) fn recover(files: &Files) -> replay::Recovered {
    replay::recover(
        &files.primary,
        files.log1.as_deref(),
        files.log2.as_deref(),
        files.log.as_deref(),
    )
}

impl Case {
    /// An edit with `data` bytes of new data over these files, dirty or clean.
    pub(crate) fn new(what: &'static str, before: Files, data: usize) -> Case {
        let recovered = recover(&before);
        assert_ne!(recovered.state, State::Unrecoverable, "{what}");
        let old = Hive::open(recovered.image).unwrap();
        let edited = edit(old.bytes(), data);
        Case {
            what,
            before,
            old,
            edited,
        }
    }

    /// What the hive becomes.
    pub(crate) fn edited(&self, method: Method) -> Hive {
        match method {
            Method::NewLog => self.edited.clone(),
            Method::OldLog | Method::NoLog => commit::stamp(self.edited.clone(), NOW).unwrap(),
        }
    }

    /// The actions of the commit.
    pub(crate) fn actions(&self, method: Method) -> Vec<Action> {
        commit::commit(&self.before, &self.edited(method), method).unwrap()
    }

    /// Whether a cut is healed by Windows and not by the journal.
    fn heals(&self, method: Method) -> bool {
        method != Method::NoLog && self.before.log_to_write().is_some()
    }

    /// Whether recovery gives the new hive, not the old; `None` when only the journal heals.
    fn judge(&self, method: Method, files: &Files, at: &str) -> Option<bool> {
        let at = format!("{} {method:?}: {at}", self.what);
        let recovered = recover(files);
        if recovered.state == State::Unrecoverable {
            assert!(!self.heals(method), "{at}: no recovery");
            return None;
        }
        let found = Hive::open(recovered.image).unwrap();
        assert!(hive::check::check(&found).is_sound(), "{at}");
        if found.bins() == self.edited(method).bins() {
            return Some(true);
        }
        let old = found.bins() == self.old.bins();
        // An undo without a log keeps the time stamp of the edit.
        let stamped = commit::stamp(self.old.clone(), NOW).unwrap();
        assert!(
            old || found.bins() == stamped.bins(),
            "{at}: neither old nor new"
        );
        Some(false)
    }

    /// The files after the commit: clean, the edit in them, no number of a log before them.
    pub(crate) fn ends_clean(&self, method: Method) -> Files {
        let what = self.what;
        let mut files = self.before.clone();
        commit::perform(&mut files, &self.actions(method));
        let done = Hive::open(files.primary.clone()).unwrap();
        assert!(done.bins() == self.edited(method).bins(), "{what}");
        assert_eq!(testkit::rules::check(&files.primary), [], "{what}");
        assert!(files.primary.len() >= self.before.primary.len());
        for log in [&files.log1, &files.log2, &files.log] {
            let old = hive::log::format_of(log.as_deref().unwrap_or_default())
                == Some(hive::log::LogFormat::Old);
            for found in hive::log::sequences(log.as_deref().unwrap_or_default()) {
                let above = done.sequences().0.wrapping_sub(found);
                // The log of an old Windows has the number of the state it leads to.
                let least = u32::from(!old);
                assert!(above >= least && above < 100, "{what}: {found}");
            }
        }
        assert!(done.sequences().0.wrapping_sub(self.old.sequences().0) >= 1);
        assert_eq!(hive::recover(&files).unwrap().recovery, None);
        files
    }

    /// A hive that becomes dirty again, by its header alone, must not find what the logs hold.
    pub(crate) fn leaves_no_trap(&self, method: Method) {
        let mut files = self.ends_clean(method);
        let number = Hive::open(files.primary.clone()).unwrap().sequences().0;
        logs::renumber(&mut files.primary, number.wrapping_add(1), number);
        let state = recover(&files).state;
        assert_eq!(state, State::Unrecoverable, "{} {method:?}", self.what);
    }

    /// Every cut of the commit, and lost writes: recovery gives old or new, and never back.
    pub(crate) fn cut_commits(&self, method: Method) {
        let actions = self.actions(method);
        let number = |files: &Files| {
            let hive = Hive::open(recover(files).image);
            hive.unwrap().sequences().0
        };
        let last = number(&self.ends_clean(method));
        let mut seen = Vec::new();
        in_order(&self.before, &actions, |cut, files| {
            let found = self.judge(method, files, &format!("cut {cut}"));
            // Recovery ends with the number the commit ends with.
            assert!(found != Some(true) || number(files) == last, "{cut}");
            self.before_image(&actions, files);
            seen.extend(found);
        });
        let turn = seen.iter().position(|&new| new).unwrap();
        let what = self.what;
        assert!(turn > 0 && seen[turn..].iter().all(|&new| new), "{what}");
        let (pieces, mut dice) = (pieces(&actions), Dice(0x5EED));
        for _ in 0..CHANCES {
            let cut = dice.below(pieces.len() + 1);
            let files = reordered(&self.before, &pieces, cut, &mut dice);
            self.judge(method, &files, "by chance");
        }
    }

    /// The rule of the journal: old bytes of all ranges written, old size, give the old file.
    fn before_image(&self, actions: &[Action], files: &Files) {
        for member in Member::ALL {
            let (Some(old), Some(now)) = (self.before.get(member), files.get(member)) else {
                continue;
            };
            let mut image = now.clone();
            image.resize(old.len(), 0);
            for action in actions {
                if let Action::Write(to, at, bytes) = action
                    && *to == member
                {
                    let at = *at as usize;
                    let end = (at + bytes.len()).min(old.len());
                    if at < end {
                        image[at..end].copy_from_slice(&old[at..end]);
                    }
                }
            }
            assert!(image == *old, "{}: {member:?}", self.what);
        }
    }

    /// The files as an undo of `files` leaves them, which must be those before.
    fn undone(&self, method: Method, files: &Files) {
        let actions = commit::restore(files, &self.before, method).unwrap();
        let mut reached = files.clone();
        commit::perform(&mut reached, &actions);
        assert!(reached == self.before, "{} {method:?}", self.what);
    }

    /// Every cut of the commit is put back byte for byte.
    pub(crate) fn put_back(&self, method: Method) {
        let actions = self.actions(method);
        in_order(&self.before, &actions, |_, files| {
            self.undone(method, files);
        });
        let (pieces, mut dice) = (pieces(&actions), Dice(0xBACC));
        for _ in 0..CHANCES {
            let cut = dice.below(pieces.len() + 1);
            let files = reordered(&self.before, &pieces, cut, &mut dice);
            self.undone(method, &files);
        }
    }

    /// The states in which a commit can be cut short, thinned out, its end among them.
    fn some_cuts(&self, method: Method, every: usize) -> Vec<Files> {
        let mut states = Vec::new();
        let actions = self.actions(method);
        let last = pieces(&actions).len();
        in_order(&self.before, &actions, |cut, files| {
            if cut % every == 0 || cut + 3 >= last {
                states.push(files.clone());
            }
        });
        states
    }

    /// Every cut of the undo of every `every`th cut: old or new, and undone again.
    pub(crate) fn cut_undos(&self, method: Method, every: usize) {
        for (turn, start) in self.some_cuts(method, every).iter().enumerate() {
            let actions = commit::restore(start, &self.before, method).unwrap();
            in_order(start, &actions, |cut, files| {
                self.judge(method, files, &format!("undo of state {turn}, cut {cut}"));
                if (cut + turn) % 5 == 0 {
                    self.undone(method, files);
                }
            });
            let (pieces, mut dice) = (pieces(&actions), Dice(turn as u64 + 99));
            for _ in 0..CHANCES / 15 {
                let cut = dice.below(pieces.len() + 1);
                let files = reordered(start, &pieces, cut, &mut dice);
                self.judge(method, &files, &format!("undo of state {turn} by chance"));
                self.undone(method, &files);
            }
        }
    }

    /// An undo is cut short, and so is the undo that follows it.
    pub(crate) fn cut_undos_of_undos(&self, method: Method) {
        let Some(end) = self.some_cuts(method, usize::MAX).pop() else {
            return;
        };
        let undo = commit::restore(&end, &self.before, method).unwrap();
        in_order(&end, &undo, |cut, files| {
            if cut % 3 != 0 {
                return;
            }
            let again = commit::restore(files, &self.before, method).unwrap();
            in_order(files, &again, |inner, files| {
                self.judge(method, files, &format!("cuts {cut} and {inner}"));
            });
        });
    }
}
