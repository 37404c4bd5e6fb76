//! Which certificates of Remote Desktop, and which pins to one, are taken for a fault.
//!
//! Invariants: every disk is the healthy one with the named difference only. Absent on purpose:
//! the formats (see the modules of `certificate`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]

mod lab;

use lab::{Lab, NOW, edits, lines, named, titles};
use repairs::certificate::blob::Blob;
use repairs::certificate::facts::Facts;
use repairs::certificate::{Thumbprint, key_file};
use repairs::{Certainty, Selection, plan};
use testkit::windows::certificate::{Certificate, Hash, REMOTE_DESKTOP, STORES};
use testkit::windows::{Disk, Installation, Options};

const ID: &str = "rdp-certificate";
const LISTENER: &str = "ControlSet001\\Control\\Terminal Server\\WinStations\\RDP-Tcp";
const STATIONS: &str = "ControlSet001\\Control\\Terminal Server\\WinStations";
const PIN: &str = "SSLCertificateSHA1Hash";
const KEYS: &str = "ProgramData/Microsoft/Crypto/RSA/MachineKeys/";

/// The certificate of the healthy disk, with this difference.
fn certificate(change: impl FnOnce(&mut Certificate)) -> Certificate {
    let mut certificate = Options::default().certificate();
    change(&mut certificate);
    certificate
}

/// The healthy disk with these certificates in place of its own; Windows has made the first.
fn windows(certificates: &[Certificate]) -> Installation {
    let mut windows = Installation::new(&Options::default());
    let software = windows.software.as_mut().unwrap();
    let store = software.key(&format!("{STORES}\\{REMOTE_DESKTOP}"));
    store.remove("Certificates");
    for certificate in certificates {
        certificate.enter(software, REMOTE_DESKTOP);
    }
    if let [own, ..] = certificates {
        let stations = windows.system.key(STATIONS);
        stations.binary("SelfSignedCertificate", &own.thumbprint());
    }
    windows
}

fn lab(certificates: &[Certificate]) -> Lab {
    Lab::of(&windows(certificates).disk())
}

/// The same with the listener pinned.
fn pinned(mut windows: Installation, pin: &[u8]) -> Lab {
    windows.system.key(LISTENER).binary(PIN, pin);
    Lab::of(&windows.disk())
}

fn expired() -> Certificate {
    certificate(|it| it.until = "20260101000000Z")
}

fn looked(lab: &Lab) -> Vec<String> {
    lines(&lab.plan(&Selection::default()))
}

fn by_name(lab: &Lab) -> Vec<String> {
    lines(&lab.plan(&named(&[ID])))
}

fn renew(lab: &Lab) -> repairs::Plan {
    let form = ((ID.to_owned(), "form".to_owned()), "renew".to_owned());
    lab.plan(&Selection {
        parameters: [form].into(),
        ..named(&[ID])
    })
}

fn symptom(as_article: bool) -> Selection {
    Selection {
        symptoms: vec!["rdp-internal-error".to_owned()],
        as_article,
        ..Selection::default()
    }
}

fn removed(certificate: &Certificate) -> String {
    let name = certificate.key_name();
    format!(r"SOFTWARE\{STORES}\{REMOTE_DESKTOP}\Certificates\{name} Blob deleted")
}

fn unpinned() -> String {
    format!("{LISTENER} {PIN} deleted")
}

fn evidence(lab: &Lab) -> String {
    let plan = lab.plan(&named(&[ID]));
    let found = plan
        .found
        .iter()
        .map(|found| found.finding.evidence.join("\n"));
    found.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_certificate_is_removed_when_its_time_is_over_or_has_not_come() {
    for (from, until, fault) in [
        ("20260101000000Z", "20260619152628Z", Some("has expired")),
        ("20260101000000Z", "20260619152630Z", None),
        (
            "20260619152630Z",
            "20270101000000Z",
            Some("is not valid yet"),
        ),
        ("20260619152628Z", "20270101000000Z", None),
        ("19700101000000Z", "19710101000000Z", Some("has expired")),
        (
            "20490101000000Z",
            "99991231235959Z",
            Some("is not valid yet"),
        ),
    ] {
        let certificate = certificate(|it| (it.from, it.until) = (from, until));
        let lab = lab(std::slice::from_ref(&certificate));
        let wanted: Vec<String> = fault.map(|_| removed(&certificate)).into_iter().collect();
        assert_eq!(looked(&lab), wanted, "{from} {until}");
        let told = titles(&lab.plan(&Selection::default()), ID).join("");
        assert!(told.ends_with(fault.unwrap_or_default()), "{told}");
        assert_eq!(told.is_empty(), fault.is_none());
    }
}

#[test]
fn the_time_of_the_run_decides() {
    let own = Options::default().certificate();
    let lab = lab(std::slice::from_ref(&own));
    // Its end is the first of February 2074.
    let end = 149_291_424_000_000_000;
    for (now, fault) in [(NOW, false), (end, false), (end + 1, true), (0, true)] {
        let plan = plan(&lab.open(), &Selection::default(), &[], now, &|_| ()).unwrap();
        assert_eq!(!plan.changes.is_empty(), fault, "{now}");
    }
}

#[test]
fn an_old_certificate_is_left_until_somebody_asks() {
    let own = Options::default().certificate();
    let lab = lab(&[own, expired()]);
    assert_eq!(looked(&lab), [""; 0]);
    assert_eq!(titles(&lab.plan(&Selection::default()), ID).len(), 1);
    assert_eq!(lines(&lab.plan(&symptom(false))), [removed(&expired())]);
    assert!(evidence(&lab).contains("SelfSignedCertificate names another one"));
}

#[test]
fn without_a_memory_of_its_own_every_certificate_counts() {
    let mut windows = windows(&[expired()]);
    let stations = windows.system.key(STATIONS);
    stations.remove_value("SelfSignedCertificate");
    assert_eq!(looked(&Lab::of(&windows.disk())), [removed(&expired())]);
}

#[test]
fn what_somebody_else_issued_is_only_told() {
    let issued = certificate(|it| {
        it.issuer = "contoso CA".to_owned();
        it.until = "20260101000000Z";
    });
    let expired = lab(std::slice::from_ref(&issued));
    for plan in [expired.plan(&named(&[ID])), renew(&expired)] {
        assert_eq!(edits(&plan), []);
        assert_eq!(plan.found[0].finding.certainty, Certainty::Likely);
        assert!(
            plan.found[0].finding.steps[0]
                .text()
                .contains("CN=contoso CA")
        );
    }
    let good = certificate(|it| it.issuer = "contoso CA".to_owned());
    let plan = renew(&lab(&[good]));
    assert!(plan.found.is_empty() && plan.changes.is_empty());
    assert!(plan.left_alone[0].contains("issued by somebody else"));
}

#[test]
fn a_damaged_certificate_is_removed() {
    let own = Options::default().certificate();
    let entry = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut windows = windows(std::slice::from_ref(&own));
        let mut blob = own.blob();
        change(&mut blob);
        let software = windows.software.as_mut().unwrap();
        own.enter(software, REMOTE_DESKTOP).binary("Blob", &blob);
        Lab::of(&windows.disk())
    };
    let cut = entry(&|blob| blob.truncate(blob.len() - 1));
    let empty = entry(&Vec::clear);
    let flipped = entry(&|blob| *blob.last_mut().unwrap() ^= 1);
    for lab in [cut, empty, flipped] {
        let plan = lab.plan(&Selection::default());
        assert_eq!(lines(&plan), [removed(&own)]);
        assert_eq!(plan.found[0].finding.certainty, Certainty::Certain);
    }
    // More bytes than Windows wrote do not harm what stands before them.
    assert_eq!(by_name(&entry(&|blob| blob.extend([0; 5]))), [""; 0]);
}

#[test]
fn what_cannot_be_judged_is_told_and_stays() {
    let name = Thumbprint::of(b"no certificate").to_string();
    let mut unreadable = windows(&[]);
    let mut blob = 32u32.to_le_bytes().to_vec();
    blob.extend([1, 0, 0, 0, 14, 0, 0, 0]);
    blob.extend(b"no certificate");
    let key = format!("{STORES}\\{REMOTE_DESKTOP}\\Certificates\\{name}");
    let software = unreadable.software.as_mut().unwrap();
    software.key(&key).binary("Blob", &blob);
    let mut without = windows(&[]);
    without.software.as_mut().unwrap().key(&key);
    for windows in [unreadable, without] {
        let lab = Lab::of(&windows.disk());
        for plan in [lab.plan(&named(&[ID])), renew(&lab)] {
            assert_eq!(edits(&plan), []);
            assert_eq!(titles(&plan, ID).len(), 1);
        }
    }
}

#[test]
fn a_lost_private_key_is_a_fault_only_where_it_is_known_to_be_lost() {
    let own = Options::default().certificate();
    let healthy = windows(std::slice::from_ref(&own)).disk();
    let key_file = healthy.files.keys().find(|path| path.starts_with(KEYS));
    let key_file = key_file.unwrap().clone();
    let moved = |to: &str| {
        let mut disk: Disk = healthy.clone();
        let file = disk.files.remove(&key_file).unwrap();
        disk.files.insert(to.to_owned(), file);
        Lab::of(&disk)
    };
    // The file of another machine, from which this one was copied, is of no use.
    let other = key_file.replace("2f7c9a51", "00000000");
    for name in [other, format!("{KEYS}desktop.ini")] {
        let lab = moved(&name);
        assert_eq!(looked(&lab), [removed(&own)], "{name}");
        assert!(evidence(&lab).contains("f686aace6942fb7f7ceb231212eef4a4_2f7c9a51"));
    }
    assert_eq!(looked(&moved("ProgramData/elsewhere")), [""; 0]);
    let upper = key_file.replace("f686aace", "F686AACE");
    assert_eq!(looked(&moved(&upper)), [""; 0]);
}

#[test]
fn the_file_of_another_container_is_found_by_its_content() {
    for cng in [false, true] {
        let own = certificate(|it| {
            it.container = Some("te-1f4b".to_owned());
            it.cng = cng;
            it.until = "20260101000000Z";
        });
        let mut windows = windows(&[own]);
        assert!(evidence(&Lab::of(&windows.disk())).contains("was not found"));
        let folder = if cng {
            "ProgramData/Microsoft/Crypto/Keys/"
        } else {
            KEYS
        };
        let name: Vec<u8> = "TE-1f4b"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        windows
            .files
            .insert(format!("{folder}0a_1"), b"something else".to_vec());
        windows
            .files
            .insert(format!("{folder}0b_1"), [b"....", &name[..]].concat());
        let seen = evidence(&Lab::of(&windows.disk()));
        assert!(seen.contains(r"0b_1, 18 bytes"), "{seen}");
    }
}

#[test]
fn a_pin_needs_its_certificate_in_a_store() {
    let own = Options::default().certificate();
    let nowhere = pinned(windows(std::slice::from_ref(&own)), &[7; 20]);
    assert_eq!(looked(&nowhere), [unpinned()]);
    let found = nowhere.plan(&Selection::default()).found;
    assert_eq!(found[0].finding.certainty, Certainty::Certain);
    // The pin to the certificate that Windows has made itself is superfluous, but works.
    let good = windows(std::slice::from_ref(&own));
    assert_eq!(by_name(&pinned(good, &own.thumbprint())), [""; 0]);
    let issued = certificate(|it| it.issuer = "contoso CA".to_owned());
    for store in [
        format!("{STORES}\\MY"),
        "Microsoft\\EnterpriseCertificates\\NTAuth".to_owned(),
        "Policies\\Microsoft\\SystemCertificates\\CA".to_owned(),
    ] {
        let mut windows = windows(std::slice::from_ref(&own));
        let key = format!(
            "{store}\\Certificates\\{}",
            issued.key_name().to_lowercase()
        );
        let software = windows.software.as_mut().unwrap();
        software.key(&key).binary("Blob", &issued.blob());
        let lab = pinned(windows, &issued.thumbprint());
        assert!(lab.plan(&named(&[ID])).found.is_empty(), "{store}");
    }
}

#[test]
fn a_pin_that_cannot_be_read_or_used_is_told() {
    let own = Options::default().certificate();
    for length in [0, 19, 21, 40] {
        let odd = pinned(windows(std::slice::from_ref(&own)), &vec![7; length]);
        let plan = odd.plan(&named(&[ID]));
        assert_eq!(edits(&plan), []);
        assert!(titles(&plan, ID)[0].contains("no certificate's name"));
    }
    // An administrator's choice, even when nobody else has issued it.
    let mut windows = windows(&[own]);
    expired().enter(windows.software.as_mut().unwrap(), "MY");
    let plan = pinned(windows, &expired().thumbprint()).plan(&named(&[ID]));
    assert_eq!(edits(&plan), []);
    assert!(titles(&plan, ID)[0].contains("cannot be used"));
    assert!(plan.found[0].finding.evidence[0].contains("ended on 2026-01-01"));
}

#[test]
fn a_removed_certificate_takes_its_pins_along() {
    let old = expired();
    let lab = pinned(windows(std::slice::from_ref(&old)), &old.thumbprint());
    assert_eq!(looked(&lab), [removed(&old), unpinned()]);
    lab.write_plan(&lab.plan(&named(&[ID])));
    assert_eq!(by_name(&lab), [""; 0]);
}

#[test]
fn the_key_goes_with_the_value_and_whatever_else_is_in_it() {
    let old = expired();
    let mut windows = windows(std::slice::from_ref(&old));
    let software = windows.software.as_mut().unwrap();
    old.enter(software, REMOTE_DESKTOP).sz("note", "mine");
    let lab = Lab::of(&windows.disk());
    let note = removed(&old).replace(" Blob", " note");
    assert_eq!(looked(&lab), [note, removed(&old)]);
    let key = format!(r"{STORES}\{REMOTE_DESKTOP}\Certificates");
    let below = |lab: &Lab| {
        let volume = lab.open();
        let key = volume.software().unwrap().hive.key(&key).unwrap().unwrap();
        key.subkeys().unwrap().len()
    };
    assert_eq!(below(&lab), 1);
    let mut run = lab.apply(&lab.plan(&Selection::default()));
    assert_eq!(below(&lab), 0);
    lab.undo(&mut run);
    assert_eq!(below(&lab), 1);
    // What lies below a certificate nobody knows.
    let software = windows.software.as_mut().unwrap();
    old.enter(software, REMOTE_DESKTOP).child("below");
    let plan = Lab::of(&windows.disk()).plan(&named(&[ID]));
    assert_eq!((edits(&plan), plan.found.len()), (vec![], 1));
}

#[test]
fn renewing_removes_what_windows_has_made() {
    let own = Options::default().certificate();
    let issued = certificate(|it| it.issuer = "contoso CA".to_owned());
    let lab = lab(&[own.clone(), issued]);
    assert_eq!(by_name(&lab), [""; 0]);
    assert_eq!(lines(&renew(&lab)), [removed(&own)]);
    let article = lines(&lab.plan(&symptom(true)));
    assert_eq!(article.last(), Some(&removed(&own)));
    assert!(!lines(&lab.plan(&symptom(false))).contains(&removed(&own)));
    let form = ((ID.to_owned(), "form".to_owned()), "faulty".to_owned());
    let faulty = lab.plan(&Selection {
        parameters: [form].into(),
        ..symptom(true)
    });
    assert!(!lines(&faulty).contains(&removed(&own)));
}

#[test]
fn a_weak_hash_is_mentioned() {
    for (hash, name) in [
        (Hash::Md5, "MD5"),
        (Hash::Sha1, "SHA-1"),
        (Hash::Sha256, ""),
    ] {
        let plan = lab(&[certificate(|it| it.hash = hash)]).plan(&named(&[ID]));
        assert!(plan.found.is_empty());
        assert_eq!(plan.left_alone.is_empty(), hash == Hash::Sha256);
        assert!(plan.left_alone.join("").contains(name));
    }
}

#[test]
fn no_certificate_is_no_fault() {
    for change in [
        |windows: &mut Installation| windows.software = None,
        |windows: &mut Installation| {
            let software = windows.software.as_mut().unwrap();
            let stores = software.key("Microsoft");
            stores.remove("SystemCertificates");
        },
    ] {
        let mut windows = windows(&[]);
        change(&mut windows);
        let plan = Lab::of(&windows.disk()).plan(&named(&[ID]));
        assert!(plan.found.is_empty() && plan.changes.is_empty());
        let told = plan.left_alone.join("").contains("no SOFTWARE hive");
        assert_eq!(told, windows.software.is_none());
    }
}

#[test]
fn a_store_without_the_certificate_windows_remembers_is_mentioned() {
    let mut windows = windows(&[Options::default().certificate()]);
    windows
        .system
        .key(STATIONS)
        .binary("SelfSignedCertificate", &[9; 20]);
    let plan = Lab::of(&windows.disk()).plan(&named(&[ID]));
    assert!(plan.found.is_empty());
    assert!(plan.left_alone[0].contains("not in its store"));
}

#[test]
fn a_container_named_like_its_file_has_that_file() {
    let name = "2655f347b6b69a9c08890adc0a908581_94f748d5";
    let own = certificate(|it| it.container = Some(name.to_owned()));
    let mut windows = windows(std::slice::from_ref(&own));
    assert_eq!(looked(&Lab::of(&windows.disk())), [removed(&own)]);
    windows.files.insert(format!("{KEYS}{name}"), Vec::new());
    assert_eq!(by_name(&Lab::of(&windows.disk())), [""; 0]);
}

/// The entries of a real user's stores are built like those of the machine.
#[test]
fn real_entries_are_read() {
    let Some(lab) = Lab::shared("software-hkcu-partial") else {
        return;
    };
    let file = std::fs::read(lab.root().join("Windows/System32/config/SYSTEM")).unwrap();
    let hive = hive::Hive::open(file).unwrap();
    let (mut open, mut certificates) = (vec![hive.root().unwrap()], 0);
    while let Some(key) = open.pop() {
        open.extend(key.subkeys().unwrap());
        let Some(value) = key.value("Blob").unwrap() else {
            continue;
        };
        let data = value.read().unwrap();
        let blob = Blob::read(&data.bytes);
        let Some(der) = blob.certificate() else {
            continue;
        };
        assert_eq!(blob.rest, 0);
        assert!(Thumbprint::of(der).names(&key.name().to_string()));
        let facts = Facts::read(der).unwrap();
        let provider = blob.key_provider();
        println!("{} until {}, {provider:?}", facts.subject, facts.until.text);
        certificates += 1;
    }
    assert!(certificates > 0);
}

#[test]
fn a_folder_that_is_not_there_tells_nothing() {
    let lab = lab(&[]);
    let provider = repairs::certificate::blob::KeyProvider {
        container: String::new(),
        provider: String::new(),
        cng: true,
    };
    let found = key_file::find(&lab.open(), &provider, None);
    assert!(matches!(found, key_file::KeyFile::NotKnown(_)), "{found:?}");
}
