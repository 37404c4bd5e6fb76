//! A whole round on real SYSTEM hives: open, stage, commit, read back, undo.

use disk::{Journal, Root};
use std::path::{Path, PathBuf};
use volume::commit::Request;
use volume::{Edit, HiveName, Target, Volume};

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/hives")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no ../shared/hives/{name}");
    None
}

fn dword(key: &str, name: &str, number: u32) -> Edit {
    let target = Target {
        hive: HiveName::System,
        key: key.into(),
        name: name.into(),
    };
    Edit::SetValue(target, hive::RegData::dword(number))
}

#[test]
fn a_real_hive_is_edited_and_put_back_byte_for_byte() {
    for (name, logs) in [
        ("sys-win7sp1-2controlsets", false),
        ("sys-win10-16299-dirty.EXPECTED-yarp", true),
    ] {
        let Some(source) = shared(name) else { return };
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("Windows/System32/config");
        std::fs::create_dir_all(&config).unwrap();
        let original = std::fs::read(source).unwrap();
        std::fs::write(config.join("SYSTEM"), &original).unwrap();
        if logs {
            std::fs::write(config.join("SYSTEM.LOG1"), b"").unwrap();
            std::fs::write(config.join("SYSTEM.LOG2"), b"").unwrap();
            std::fs::write(
                config.join("../ntoskrnl.exe"),
                [0xBD, 4, 0xEF, 0xFE, 0, 0, 1, 0, 0, 0, 10, 0, 1, 0, 0, 64],
            )
            .unwrap();
        }
        let volume = Volume::open(Root::open(folder.path().as_os_str()).unwrap()).unwrap();
        println!("{:?}", volume.installation().unwrap());
        let tls = r"ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server";
        let edits = [
            dword(tls, "Enabled", 1),
            dword(tls, "DisabledByDefault", 0),
            dword(r"ControlSet001\Services\TermService", "Start", 3),
        ];
        let staged = volume::stage(&volume, &edits, 0x1DD_0000_0000_0000).unwrap();
        println!("{:?}", staged.hives[0].proof);
        let journal = Journal::at(&folder.path().join("../").join(format!(
            "journal-{}",
            folder.path().file_name().unwrap().to_string_lossy()
        )));
        let lock = journal.lock().unwrap();
        let request = Request {
            id: "r1".into(),
            at: "now".into(),
            about: Vec::new(),
        };
        let mut run = volume::commit::commit(volume.root(), &staged, &lock, &request).unwrap();
        let written = std::fs::read(config.join("SYSTEM")).unwrap();
        assert_ne!(written, original);
        let again = Volume::open(Root::open(folder.path().as_os_str()).unwrap()).unwrap();
        for edit in &edits {
            assert_eq!(again.read(edit.target()).unwrap().as_ref(), edit.after());
        }
        volume::undo::undo(volume.root(), &mut run, &lock, "later").unwrap();
        assert!(std::fs::read(config.join("SYSTEM")).unwrap() == original);
        if logs {
            assert_eq!(std::fs::read(config.join("SYSTEM.LOG1")).unwrap(), b"");
        }
        std::fs::remove_dir_all(journal.dir()).unwrap();
    }
}
