//! Holding files and executing steps, on every system.
//!
//! Invariants checked: one holder at a time; `execute` and `rehearse` agree; a failed step stops.
//!
//! Deliberately absent: crashes between steps; the steps are data, and those who compute them
//! cut them.

mod scratch;

use disk::{HoldError, Root, Step, WalkError, execute, rehearse};
use scratch::{folder, hold, put, root};

#[test]
fn a_file_is_held_once() {
    let base = folder();
    put(base.path(), "dir/a", b"x");
    put(base.path(), "dir/b", b"y");
    let root = root(base.path());
    let held = root.hold("DIR\\A").unwrap();
    assert_eq!(held.path(), "dir\\a");
    let again = root.hold("dir\\a").unwrap_err();
    assert!(
        matches!(&again, HoldError::Busy { path } if path == "dir\\a"),
        "{again:?}"
    );
    assert!(root.hold("dir\\b").is_ok());
    drop(held);
    assert!(root.hold("dir\\a").is_ok());
}

#[test]
fn a_file_that_is_let_go_in_time_is_held() {
    let base = folder();
    put(base.path(), "a", b"x");
    let (first, second) = (root(base.path()), root(base.path()));
    let held = first.hold("a").unwrap();
    let other = std::thread::spawn(move || second.hold("a").map(drop));
    std::thread::sleep(std::time::Duration::from_millis(90));
    drop(held);
    assert!(other.join().unwrap().is_ok());
}

#[test]
fn a_running_program_is_busy() {
    let program = std::env::current_exe().unwrap();
    let root = Root::open(program.parent().unwrap().as_os_str()).unwrap();
    let name = program.file_name().unwrap().to_str().unwrap();
    let error = root.hold(name).unwrap_err();
    assert!(matches!(error, HoldError::Busy { .. }), "{error:?}");
}

#[test]
fn what_is_absent_or_no_file_cannot_be_held() {
    let base = folder();
    put(base.path(), "dir/a", b"x");
    let root = root(base.path());
    assert!(matches!(
        root.hold("dir\\none"),
        Err(HoldError::Missing { .. })
    ));
    let dir = root.hold("dir").unwrap_err();
    assert!(
        matches!(dir, HoldError::Walk(WalkError::WrongKind { .. })),
        "{dir:?}"
    );
    assert!(matches!(
        root.hold(""),
        Err(HoldError::Walk(WalkError::WrongKind { .. }))
    ));
    let mut held = root.hold("dir\\a").unwrap();
    assert!(matches!(held.read_all(0), Err(WalkError::TooLarge { .. })));
    assert_eq!(held.size().unwrap(), 1);
}

#[test]
fn steps_do_what_they_say() {
    let base = folder();
    put(base.path(), "a", &[1; 10]);
    put(base.path(), "b", b"");
    let root = root(base.path());
    let mut files = hold(&root, &["a", "b"]);
    let steps = [
        Step::Extend {
            file: 0,
            size: 200_000,
        },
        Step::Flush { file: 0 },
        Step::Write {
            file: 0,
            offset: 4,
            bytes: vec![2; 3],
        },
        Step::Write {
            file: 1,
            offset: 0,
            bytes: b"log".to_vec(),
        },
        Step::SetSize { file: 1, size: 2 },
        Step::Flush { file: 1 },
    ];
    execute(&mut files, &steps).unwrap();
    let a = files[0].read_all(1 << 20).unwrap();
    assert_eq!(a[..10], [1, 1, 1, 1, 2, 2, 2, 1, 1, 1]);
    assert_eq!(
        (a.len(), a[10..].iter().all(|byte| *byte == 0)),
        (200_000, true)
    );
    assert_eq!(files[1].read_all(9).unwrap(), b"lo");
    assert_eq!(files[0].read_at(3, 3).unwrap(), [1, 2, 2]);
    drop(files);
    assert_eq!(root.read("a", 1 << 20).unwrap().unwrap(), a);
}

#[test]
fn nothing_runs_after_a_step_that_failed() {
    let base = folder();
    let root = root(base.path());
    let late = Step::Write {
        file: 0,
        offset: 0,
        bytes: b"late".to_vec(),
    };
    let bad = [
        (
            Step::Write {
                file: 0,
                offset: 4,
                bytes: b"x".to_vec(),
            },
            "write",
        ),
        (Step::Extend { file: 0, size: 2 }, "extend"),
        (Step::Flush { file: 1 }, "flush"),
    ];
    for (step, action) in bad {
        put(base.path(), "a", b"old");
        let mut files = hold(&root, &["a"]);
        let first = Step::Write {
            file: 0,
            offset: 2,
            bytes: b"D".to_vec(),
        };
        let steps = [first, step, late.clone()];
        let error = execute(&mut files, &steps).unwrap_err();
        assert_eq!((error.step, error.action), (1, action));
        assert_eq!(files[0].read_all(9).unwrap(), b"olD");
        assert_eq!(rehearse(&mut [b"old".to_vec()], &steps), Err(1));
    }
}

/// Fixed pseudo-random numbers, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn step(&mut self) -> Step {
        let file = self.below(2) as usize;
        match self.below(4) {
            0 => Step::Extend {
                file,
                size: self.below(150_000),
            },
            1 => Step::SetSize {
                file,
                size: self.below(100_000),
            },
            2 => Step::Flush { file },
            _ => {
                let bytes = vec![self.below(255) as u8 + 1; self.below(9000) as usize];
                Step::Write {
                    file,
                    offset: self.below(100_000),
                    bytes,
                }
            }
        }
    }
}

#[test]
fn executing_and_rehearsing_agree() {
    let base = folder();
    let root = root(base.path());
    let mut numbers = Numbers(7);
    let (mut done, mut refused) = (0, 0);
    for _ in 0..60 {
        let before = [vec![9; 5000], vec![]];
        put(base.path(), "a", &before[0]);
        put(base.path(), "b", &before[1]);
        let steps: Vec<Step> = (0..6).map(|_| numbers.step()).collect();
        let mut files = hold(&root, &["a", "b"]);
        let mut expected = before.clone();
        let real = execute(&mut files, &steps).map_err(|error| error.step);
        assert_eq!(real, rehearse(&mut expected, &steps), "{steps:?}");
        for (file, expected) in files.iter_mut().zip(&expected) {
            assert!(file.read_all(1 << 20).unwrap() == *expected, "{steps:?}");
        }
        if real.is_ok() {
            done += 1;
        } else {
            refused += 1;
        }
    }
    assert!(done > 5 && refused > 5, "{done} {refused}");
}
