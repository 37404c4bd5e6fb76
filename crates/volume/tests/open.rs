//! Opening a disk: what is read from it, how its hives would be committed, what is refused.
//!
//! Invariants: expectations are those of the built disk. Absent on purpose: writing.

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use hive::OpenError;
use hive::commit::Method;
use hive::recover::RecoverError::{self, Open};
use support::{CONFIG, Scratch, log_header, shared};
use testkit::windows::{Disk, Installation, Options, Version, demo, healthy};
use volume::stage::method;
use volume::{Scope, Volume, VolumeError};

#[test]
fn a_disk_says_whose_it_is() {
    let scratch = Scratch::of(&demo());
    let volume = scratch.volume();
    let facts = volume.installation().unwrap();
    assert_eq!(facts.computer.as_deref(), Some("SRV-FIN-02"));
    assert_eq!(facts.domain.as_deref(), Some("contoso.local"));
    assert_eq!(
        facts.product.as_deref(),
        Some("Windows Server 2016 Datacenter")
    );
    assert_eq!(facts.build.as_deref(), Some("14393.6897"));
    assert_eq!(facts.kernel.unwrap().to_string(), "10.0.14393.6897");
    assert_eq!(facts.last_shutdown, Some(testkit::build::FILE_TIME));
    assert_eq!(facts.last_written, Some(testkit::build::KEY_TIME));
    assert_eq!(
        facts.windows(),
        "Windows Server 2016 Datacenter 10.0.14393.6897"
    );
    let sets = volume.control_sets();
    assert_eq!(sets.existing, [1, 2]);
    assert_eq!(
        (sets.select.current, sets.select.default),
        (Some(1), Some(1))
    );
    assert_eq!(
        (sets.select.failed, sets.select.last_known_good),
        (Some(0), Some(2))
    );
    assert_eq!(sets.boot(), Some(1));
    assert_eq!(sets.in_scope(Scope::All), [1, 2]);
    assert_eq!(sets.in_scope(Scope::Boot), [1]);
}

#[test]
fn a_disk_with_a_lone_system_hive_says_what_it_can() {
    let mut windows = Installation::new(&Options::default());
    (windows.kernel, windows.software) = (None, None);
    windows
        .system
        .key("ControlSet001\\Services\\Tcpip\\Parameters")
        .sz("Domain", "");
    let facts = Scratch::of(&windows.disk())
        .volume()
        .installation()
        .unwrap();
    assert_eq!(
        (facts.product, facts.build, facts.kernel),
        (None, None, None)
    );
    assert_eq!(facts.computer.as_deref(), Some("SRV-FIN-02"));
    assert_eq!(
        facts.domain.as_deref(),
        Some("contoso.local"),
        "from NV Domain"
    );
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Logs {
    None,
    Empty,
    Old,
    New,
}

#[test]
fn every_combination_of_evidence_has_its_method() {
    let kernels: [(Option<Version>, Option<bool>); 4] = [
        (None, None),
        (Some([6, 2, 9200, 1]), Some(false)),
        (Some([6, 3, 9600, 1]), Some(true)),
        (Some([10, 0, 14393, 1]), Some(true)),
    ];
    let logs = [
        (Logs::None, None),
        (Logs::Empty, None),
        (Logs::Old, Some(false)),
        (Logs::New, Some(true)),
    ];
    let builds = [
        (None, None),
        (Some("9200"), Some(false)),
        (Some("9600"), Some(true)),
    ];
    for (kernel, first) in kernels {
        for (logs, second) in logs {
            for (build, third) in builds {
                let (_scratch, volume) = with_evidence(kernel, logs, build);
                let said: Vec<bool> = [first, second, third].into_iter().flatten().collect();
                let new = !said.is_empty() && said.iter().all(|&new| new) && logs != Logs::None;
                let old = !said.is_empty() && !said.contains(&true) && logs != Logs::None;
                let wanted = match (new, old) {
                    (true, _) => Method::NewLog,
                    (_, true) => Method::OldLog,
                    _ => Method::NoLog,
                };
                let (found, why) = method(&volume, volume.system());
                assert_eq!(found, wanted, "{kernel:?} {logs:?} {build:?}: {why}");
                assert_eq!(
                    volume.log_evidence().len(),
                    said.len() + usize::from(second.is_some())
                );
                let safety = why.contains("the journal is the safety");
                assert_eq!(safety, wanted == Method::NoLog, "{why}");
            }
        }
    }
}

fn with_evidence(kernel: Option<Version>, logs: Logs, build: Option<&str>) -> (Scratch, Volume) {
    let mut windows = Installation::new(&Options::default());
    windows.kernel = kernel;
    match build {
        None => windows.software = None,
        Some(build) => {
            let software = windows.software.as_mut().unwrap();
            software
                .key("Microsoft\\Windows NT\\CurrentVersion")
                .sz("CurrentBuild", build);
        }
    }
    let mut disk = windows.disk();
    let primary = disk.file(&format!("{CONFIG}/SYSTEM")).unwrap().to_vec();
    for name in ["LOG1", "LOG2"] {
        let path = format!("{CONFIG}/SYSTEM.{name}");
        let content = match logs {
            Logs::None => {
                disk.files.remove(&path);
                continue;
            }
            Logs::Empty => Vec::new(),
            Logs::Old => log_header(&primary, 1),
            Logs::New => log_header(&primary, 6),
        };
        disk.files.insert(path, content);
    }
    let scratch = Scratch::of(&disk);
    let volume = scratch.volume();
    // SOFTWARE is read when it is asked for: the files have to stay.
    (scratch, volume)
}

#[test]
fn a_second_log_alone_is_not_written_to() {
    let mut disk = healthy();
    disk.files.remove(&format!("{CONFIG}/SYSTEM.LOG1"));
    disk.files
        .insert(format!("{CONFIG}/SYSTEM.LOG"), Vec::new());
    let scratch = Scratch::of(&disk);
    let staged = scratch.stage(&support::edits());
    assert_eq!(staged.hives[0].method, Method::NoLog);
    assert_eq!(staged.hives[0].after.log.as_deref(), Some(&[][..]));
    assert_eq!(staged.hives[0].after.log2.as_deref(), Some(&[][..]));
}

#[test]
fn what_cannot_be_worked_with_is_told_apart() {
    let open = |change: &dyn Fn(&mut Disk)| {
        let mut disk = healthy();
        change(&mut disk);
        let scratch = Scratch::of(&disk);
        std::fs::create_dir_all(scratch.root_path()).unwrap();
        Volume::open(scratch.root()).map(|_| ())
    };
    let system = format!("{CONFIG}/SYSTEM");
    let set = |bytes: Vec<u8>| {
        open(&|disk| {
            disk.files.insert(system.clone(), bytes.clone());
        })
    };
    let hive = |error: Result<(), VolumeError>| match error.unwrap_err() {
        VolumeError::Hive { source, .. } => *source,
        other => panic!("{other}"),
    };
    assert!(matches!(
        open(&|disk| disk.files.clear()),
        Err(VolumeError::NoWindows { .. })
    ));
    let missing = open(&|disk| {
        disk.files.remove(&system);
    });
    assert!(matches!(
        missing,
        Err(VolumeError::Missing { hive }) if hive == r"Windows\System32\config\SYSTEM"
    ));
    let good = healthy().file(&system).unwrap().to_vec();
    assert!(matches!(hive(set(Vec::new())), Open(OpenError::Empty)));
    assert!(matches!(
        hive(set(b"MZ not a hive".to_vec())),
        Open(OpenError::NotAHive { .. })
    ));
    let cut = good[..good.len() - 4096].to_vec();
    assert!(matches!(hive(set(cut)), Open(OpenError::Truncated { .. })));
    let mut dirty = good.clone();
    dirty[4] ^= 1;
    let sum = testkit::checksum(&dirty);
    dirty[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
    assert!(matches!(hive(set(dirty)), RecoverError::NoFit { .. }));
    let mut broken = good.clone();
    let at = broken.windows(2).rposition(|two| two == b"vk").unwrap();
    broken[at] = b'x';
    assert!(matches!(set(broken), Err(VolumeError::Damaged { .. })));
    set(good).unwrap();
}

#[test]
fn a_damaged_software_hive_spoils_only_itself() {
    let mut disk = healthy();
    disk.files
        .insert(format!("{CONFIG}/SOFTWARE"), b"regf".to_vec());
    let scratch = Scratch::of(&disk);
    let volume = scratch.volume();
    assert!(volume.software().is_err());
    assert_eq!(volume.installation().unwrap().product, None);
    volume::stage(&volume, &support::edits(), &[], support::NOW).unwrap();
    let refused = volume::stage(&volume, &[support::software_edit()], &[], support::NOW);
    assert!(matches!(
        refused,
        Err(volume::stage::StageError::Hive { .. })
    ));
}

#[test]
fn the_corrupted_real_hive_is_refused() {
    let Some(file) = shared("sys-xp-corrupted-zero-bins") else {
        return;
    };
    let mut disk = healthy();
    disk.files.insert(format!("{CONFIG}/SYSTEM"), file);
    assert!(Volume::open(Scratch::of(&disk).root()).is_err());
}

#[test]
fn the_upper_case_table_of_the_disk_decides() {
    // Under the built-in table U+0180 is U+0243 and sorts behind U+0200; under the disk's own it
    // is its own upper case.
    let (late, between) = ('\u{180}', '\u{200}');
    let mut windows = Installation::new(&Options::default());
    for name in [late, between] {
        windows
            .system
            .key(&format!(r"ControlSet001\Control\{name}"));
    }
    let mut disk = windows.disk();
    let table = "Windows/System32/l_intl.nls".to_owned();
    let open = |disk: &Disk| Volume::open(Scratch::of(disk).root()).map(|_| ());
    open(&disk).unwrap();
    let built_in = testkit::upcase::l_intl(testkit::upcase::unit);
    disk.files.insert(table.clone(), built_in);
    open(&disk).unwrap();
    let early = testkit::upcase::l_intl(|unit| match unit {
        0x180 => unit,
        unit => testkit::upcase::unit(unit),
    });
    disk.files.insert(table.clone(), early);
    assert!(matches!(open(&disk), Err(VolumeError::Damaged { .. })));
    disk.files.insert(table, b"no table".to_vec());
    open(&disk).unwrap();
}
