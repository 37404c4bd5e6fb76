//! `machine-keys`: who can use the private key of Remote Desktop, and the article's form.
//!
//! Invariants: permissions are those of the in-memory double; the gates of `offfix` do the same
//! on real NTFS. Absent on purpose: what a descriptor grants (see the crate `security`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, descriptor, is_empty, named};
use repairs::{Certainty, Kind, Offer, Plan, Selection};
use std::fs;
use testkit::windows::{MACHINE_KEYS, broken, healthy, rdp_key};

const FOLDER: &str = r"ProgramData\Microsoft\Crypto\RSA\MachineKeys";
const HEALTHY_KEY: &str = "O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FR;;;BA)";

fn scoped() -> Selection {
    named(&["machine-keys"])
}

fn article() -> Selection {
    let mut selection = scoped();
    let form = ("machine-keys".to_owned(), "form".to_owned());
    selection.parameters.insert(form, "article".to_owned());
    selection
}

/// The paths of a plan, with what they get.
fn permissions(plan: &Plan) -> Vec<(String, String)> {
    let edits = plan.permissions.iter().map(|one| &one.edit);
    let each = edits.flat_map(|edit| {
        let after = security::Descriptor::from_bytes(&edit.after).unwrap();
        let after = after.to_sddl().unwrap();
        edit.paths
            .iter()
            .map(move |path| (path.clone(), after.clone()))
    });
    each.collect()
}

/// What is found on a disk whose folder or key has these permissions.
fn found(path: &str, sddl: &str) -> (Lab, Plan) {
    let lab = Lab::of(&healthy());
    lab.permit(path, sddl);
    let plan = lab.plan(&Selection::default());
    (lab, plan)
}

#[test]
fn every_way_to_lack_a_right_is_seen_and_cured() {
    let rest = "DCLCRPWPDTCRSDWDWO";
    for (sddl, reason, after) in [
        (
            "O:SYG:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)(A;;FR;;;NS)",
            r"NETWORK SERVICE: entry 0, NT AUTHORITY\NETWORK SERVICE:(DENY)(R), denies (R)",
            "O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)".to_owned(),
        ),
        (
            "O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FA;;;BA)",
            "NETWORK SERVICE: no entry allows (R)",
            "O:SYG:SYD:PAI(A;;FR;;;NS)(A;;FA;;;SY)(A;;FA;;;BA)".to_owned(),
        ),
        (
            "O:SYG:SYD:PAI(D;;FA;;;WD)(A;;FA;;;SY)(A;;FR;;;NS)",
            "NETWORK SERVICE: entry 0, Everyone:(N), denies (R)",
            "O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)".to_owned(),
        ),
        (
            "O:BUG:SYD:PAI(D;;FA;;;NS)(A;;FA;;;SY)",
            "NETWORK SERVICE: entry 0",
            format!("O:BUG:SYD:PAI(D;;{rest};;;NS)(A;;FR;;;NS)(A;;FA;;;SY)"),
        ),
        (
            "O:SYG:SYD:PAI(A;;FR;;;NS)",
            "SYSTEM: no entry allows",
            "O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)".to_owned(),
        ),
    ] {
        let (lab, plan) = found(&rdp_key(), sddl);
        let key = rdp_key().replace('/', "\\");
        assert_eq!(permissions(&plan), [(key, after)], "{sddl}");
        let [finding] = plan.found.as_slice() else {
            panic!("{sddl}: {:?}", plan.found)
        };
        assert!(finding.proposed);
        assert_eq!(finding.finding.certainty, Certainty::Certain);
        let evidence = &finding.finding.evidence;
        assert!(evidence[0].starts_with(reason), "{evidence:?}");
        assert_eq!(evidence.last().unwrap(), sddl);
        let mut run = lab.apply(&plan);
        assert!(is_empty(&lab.plan(&scoped())), "{sddl}");
        lab.undo(&mut run);
        assert_eq!(lab.permissions(&rdp_key()), sddl);
    }
}

#[test]
fn a_closed_folder_is_opened() {
    let (_, plan) = found(MACHINE_KEYS, "O:SYG:SYD:PAI(A;;FA;;;SY)");
    let after = "O:SYG:SYD:PAI(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)".to_owned();
    assert_eq!(permissions(&plan), [(FOLDER.to_owned(), after)]);
    let finding = &plan.found[0].finding;
    assert_eq!(finding.certainty, Certainty::Likely);
    assert_eq!(finding.place, FOLDER);
}

#[test]
fn what_windows_and_the_article_leave_is_no_fault() {
    for sddl in [
        HEALTHY_KEY,
        "O:BAG:SYD:AI(A;;FA;;;BA)(A;;FR;;;NS)(A;ID;FA;;;SY)",
        "O:S-1-5-21-1-2-3-500G:SYD:P(A;;FR;;;WD)(A;;FA;;;BA)",
    ] {
        let (lab, plan) = found(&rdp_key(), sddl);
        assert!(is_empty(&plan) && plan.found.is_empty(), "{sddl}");
        assert!(lab.plan(&scoped()).fine.contains(&"machine-keys"));
    }
    // Without key or folder there is nothing that could be closed.
    let lab = Lab::of(&healthy());
    lab.remove(&rdp_key());
    assert!(lab.plan(&scoped()).found.is_empty());
    fs::remove_dir(lab.root().join(MACHINE_KEYS)).unwrap();
    let plan = lab.plan(&scoped());
    assert!(plan.found.is_empty());
    assert!(plan.left_alone[0].contains("there is no folder"));
}

#[test]
fn an_empty_key_is_told() {
    let lab = Lab::of(&healthy());
    lab.write(&rdp_key(), b"");
    let plan = lab.plan(&scoped());
    assert!(is_empty(&plan));
    let told = plan
        .found
        .iter()
        .find(|found| found.finding.title.contains("is empty"));
    let finding = &told.unwrap().finding;
    assert_eq!(finding.offer, Offer::Report);
    assert!(
        finding.steps[0]
            .text()
            .starts_with("ren \"F:\\ProgramData\\")
    );
}

#[test]
fn permissions_that_are_not_shown_are_not_healthy() {
    let lab = Lab::of(&healthy()).without_permissions();
    let plan = lab.plan(&Selection::default());
    let (_, why) = plan
        .not_checked
        .iter()
        .find(|(id, _)| *id == "machine-keys")
        .unwrap();
    assert!(why.contains("cannot be seen here"), "{why}");
    assert!(!plan.fine.contains(&"machine-keys"));
    let error = lab.try_plan(&scoped()).unwrap_err();
    assert!(error.to_string().contains("could not look"), "{error}");
    // The rest of the article's recipe can be done all the same.
    let recipe = Selection {
        symptoms: vec!["rdp-internal-error".to_owned()],
        as_article: true,
        ..Selection::default()
    };
    let plan = lab.plan(&recipe);
    assert!(plan.not_checked.iter().any(|(id, _)| *id == "machine-keys"));
    assert!(!plan.changes.is_empty());
}

#[test]
fn conditions_and_nonsense_are_told_and_left() {
    // A denial with a condition: the first entry of the list, 8 bytes behind its start.
    let mut conditional = descriptor("O:SYG:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)(A;;FR;;;NS)");
    let list = u32::from_le_bytes(conditional[16..20].try_into().unwrap()) as usize;
    conditional[list + 8] = 10;
    let lab = Lab::of(&healthy());
    lab.give(&rdp_key(), &conditional);
    let plan = lab.plan(&Selection::default());
    assert!(is_empty(&plan));
    assert_eq!(plan.found[0].finding.offer, Offer::Report);
    let lab = Lab::of(&healthy());
    lab.give(&rdp_key(), &[1; 24]);
    let plan = lab.plan(&scoped());
    assert!(is_empty(&plan));
    assert!(plan.found[0].finding.title.contains("make no sense"));
}

#[test]
fn the_article_sets_every_object_once() {
    let lab = Lab::of(&broken("machine-keys").unwrap());
    lab.write(&format!("{MACHINE_KEYS}/other"), b"k");
    lab.permit(
        &format!("{MACHINE_KEYS}/other"),
        "O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)",
    );
    lab.write(&format!("{MACHINE_KEYS}/below/deeper"), b"k");
    let plan = lab.plan(&article());
    let paths: Vec<String> = permissions(&plan)
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(paths.len(), 5, "{paths:?}");
    let kind = |name: &str| {
        let has = |path: &String| path.ends_with(name);
        let mut all = plan.permissions.iter();
        all.find(|one| one.edit.paths.iter().any(has)).unwrap().kind
    };
    assert_eq!(kind("other"), Kind::Weakening);
    assert_eq!(kind("MachineKeys"), Kind::Fix);
    let before = lab.files();
    let mut run = lab.apply(&plan);
    let other = lab.permissions(&format!("{MACHINE_KEYS}/other"));
    assert_eq!(other, "O:BAG:SYD:P(A;;FR;;;NS)(A;;FA;;;SY)(A;;FA;;;BA)");
    let key = lab.permissions(&rdp_key());
    assert_eq!(
        key, "O:BAG:SYD:PAI(A;;FA;;;BA)(A;;FA;;;SY)(A;;FR;;;NS)",
        "no denial is left"
    );
    assert!(is_empty(&lab.plan(&article())), "content with its own work");
    assert!(is_empty(&lab.plan(&scoped())), "and with the other form");
    lab.undo(&mut run);
    assert!(lab.files() == before, "not put back");
}

#[cfg(unix)]
#[test]
fn links_are_neither_followed_nor_changed() {
    let lab = Lab::of(&healthy());
    let outside = lab.system().join("secret");
    lab.write_to_system("secret", b"s");
    let link = lab.root().join(MACHINE_KEYS).join("link");
    std::os::unix::fs::symlink(&outside, link).unwrap();
    let plan = lab.plan(&article());
    assert!(
        permissions(&plan)
            .iter()
            .all(|(path, _)| !path.ends_with("link"))
    );
    let told = plan
        .left_alone
        .iter()
        .any(|line| line.contains("1 links in it"));
    assert!(told, "{:?}", plan.left_alone);
    // On the way, it ends the looking.
    let folder = lab.root().join("ProgramData/Microsoft/Crypto");
    let moved = lab.system().join("Crypto");
    fs::rename(&folder, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &folder).unwrap();
    for selection in [scoped(), article()] {
        let error = lab.try_plan(&selection).unwrap_err();
        let text = format!("{:?}", error);
        assert!(text.contains("link"), "{text}");
    }
}

#[test]
fn a_file_with_two_names_is_changed_once() {
    let lab = Lab::of(&healthy());
    lab.write(&format!("{MACHINE_KEYS}/one"), b"k");
    let folder = lab.root().join(MACHINE_KEYS);
    fs::hard_link(folder.join("one"), folder.join("two")).unwrap();
    let plan = lab.plan(&article());
    let paths = permissions(&plan).into_iter().map(|(path, _)| path);
    let linked: Vec<String> = paths
        .filter(|path| path.ends_with("one") || path.ends_with("two"))
        .collect();
    assert_eq!(linked, [format!(r"{FOLDER}\one")]);
}
