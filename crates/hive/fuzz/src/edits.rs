//! Target `edit`: a program of edits on a hive.
//!
//! Invariants: every byte sequence is a program; names come from a short list whose order and
//! case is special. Absent on purpose: a model of the tree (see the tests of the crate).

use hive::check::check;
use hive::commit::{self, Files, Method};
use hive::{Editor, Hive, RegData, RegType};

const NAMES: [&str; 12] = [
    "A",
    "a_",
    "a[",
    "Zulu",
    "\u{FF}",
    "\u{178}x",
    "\u{DF}",
    "\u{416}\u{416}",
    "\u{1F600}",
    "a\0b",
    "",
    "Key0007",
];
const SIZES: [usize; 12] = [
    0, 1, 4, 5, 12, 200, 4000, 16_344, 16_345, 32_688, 32_689, 60_000,
];
/// Operations of one program.
const MOST: usize = 60;
const NOW: u64 = 0x01DD_4242_4242_4242;

/// One byte after another; zeros behind the end.
struct Program<'d>(&'d [u8]);

impl Program<'_> {
    fn byte(&mut self) -> usize {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        usize::from(*first)
    }

    fn name(&mut self) -> String {
        let pick = self.byte();
        match pick % 16 {
            special @ 0..12 => NAMES[special].to_owned(),
            12 => "L".repeat(254 + pick / 16 % 4),
            _ => format!("Key{:04}", pick * 7 + self.byte()),
        }
    }

    /// A path of existing keys and new names.
    fn path(&mut self, hive: &Hive) -> String {
        let mut names = Vec::new();
        for _ in 0..self.byte() % 4 {
            let path = names.join("\\");
            let key = hive.key(&path).ok().flatten();
            let below = key.and_then(|key| key.subkeys().ok()).unwrap_or_default();
            let pick = self.byte();
            let name = match below.get(pick / 2 % below.len().max(1)) {
                Some(child) if pick.is_multiple_of(2) => child.name().to_string(),
                _ => self.name(),
            };
            names.push(name);
        }
        names.join("\\")
    }

    fn data(&mut self) -> RegData {
        let kind = RegType(self.byte() as u32 % 13);
        let len = SIZES[self.byte() % SIZES.len()];
        let bytes = vec![self.byte() as u8; len];
        RegData { kind, bytes }
    }

    /// A descriptor, now and then one that is not valid.
    fn descriptor(&mut self) -> Vec<u8> {
        use testkit::build::security::{Ace, KEY_ALL, descriptor, local_system, users};
        let ace = Ace::allow(KEY_ALL, users());
        let pick = self.byte();
        let mut bytes = descriptor(&users(), &local_system(), &vec![ace; pick % 5]);
        if pick > 200 {
            let at = self.byte() % bytes.len();
            bytes[at] ^= self.byte() as u8;
        }
        bytes
    }

    /// One operation; answers whether it was refused.
    fn step(&mut self, editor: &mut Editor) -> bool {
        let pick = self.byte() % 8;
        let path = self.path(editor.hive());
        match pick {
            0 | 1 => {
                let (name, data) = (self.name(), self.data());
                editor.set_value(&path, &name, &data).is_err()
            }
            2 => editor.delete_value(&path, &self.name()).is_err(),
            3 => editor.create_key(&path).is_err(),
            4 => editor.delete_key(&path).is_err(),
            5 => editor.rename_key(&path, &self.name()).is_err(),
            6 => {
                let class = vec![b'c'; self.byte() * 2];
                editor.set_class(&path, &class).is_err()
            }
            _ => editor.set_security(&path, &self.descriptor()).is_err(),
        }
    }
}

/// Target `edit`: length of the program in bytes (two bytes), the program, and a hive; without a
/// hive, the test kit's. Answers how many operations were carried out.
pub fn edit(data: &[u8]) -> usize {
    let Some((head, rest)) = data.split_at_checked(2) else {
        return 0;
    };
    let len = usize::from(u16::from_le_bytes([head[0], head[1]]));
    let (program, file) = rest.split_at(len.min(rest.len()));
    let mut file = if file.len() < 512 {
        crate::seeds::small(3 + u32::from(head[0] % 3))
    } else {
        file.to_vec()
    };
    crate::seal(&mut file);
    if file.len() > crate::LARGEST {
        return 0;
    }
    let Ok(hive) = Hive::open(file) else { return 0 };
    let before = check(&hive);
    let Ok(mut editor) = Editor::new(hive.clone(), NOW) else {
        return 0;
    };
    let mut done = 0;
    let mut program = Program(program);
    for _ in 0..MOST {
        if program.0.is_empty() {
            break;
        }
        let old = editor.hive().bytes().to_vec();
        if program.step(&mut editor) {
            assert!(editor.hive().bytes() == old, "a refusal left traces");
        } else {
            done += usize::from(editor.hive().bytes() != old);
        }
    }
    let after = check(editor.hive());
    assert!(after.is_sound(), "{:?}", after.defects.first());
    assert!(after.orphans <= before.orphans, "cells were lost");
    let edited = editor.finish().expect("a sound hive");
    commit_and_undo(&hive, &edited);
    done
}

/// Commits in every way and takes it back.
fn commit_and_undo(hive: &Hive, edited: &Hive) {
    for method in [Method::NewLog, Method::OldLog, Method::NoLog] {
        let before = Files {
            primary: hive.bytes().to_vec(),
            log: None,
            log1: Some(Vec::new()),
            log2: Some(Vec::new()),
        };
        let mut files = before.clone();
        let actions = commit::commit(&files, edited, method).expect("a commit");
        commit::perform(&mut files, &actions);
        let done = Hive::open(files.primary.clone()).expect("a committed hive");
        assert!(done.bins() == edited.bins(), "{method:?}");
        let undo = commit::restore(&files, &before, method).expect("an undo");
        commit::perform(&mut files, &undo);
        assert!(files == before, "{method:?}: undone to something else");
    }
}
