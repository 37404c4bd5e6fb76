//! Which policies of TLS and of Remote Desktop are taken for a fault.
//!
//! Invariants: every disk is the healthy one with the named difference only. Absent on purpose:
//! policies that other repairs own (see `values.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, lines, named, titles};
use repairs::{Certainty, Kind, Selection, Step};
use testkit::build::Key;
use testkit::windows::{Installation, Options};

const POLICY: &str = "Policies\\Microsoft\\Windows NT\\Terminal Services";
const SUITES: &str = "Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002";
const SCHANNEL: &str = "ControlSet001\\Control\\SecurityProviders\\SCHANNEL";
const MINUTE: u32 = 60_000;

/// The healthy disk with a difference in a key of SOFTWARE.
fn with(key: &str, change: impl FnOnce(&mut Key)) -> Lab {
    let mut windows = Installation::new(&Options::default());
    change(windows.software.as_mut().unwrap().key(key));
    Lab::of(&windows.disk())
}

fn looked(lab: &Lab) -> Vec<String> {
    lines(&lab.plan(&Selection::default()))
}

fn by_name(lab: &Lab, id: &str) -> Vec<String> {
    lines(&lab.plan(&named(&[id])))
}

/// Name and number of a policy; whether it goes in a plain look, and by name.
const NUMBERS: &[(&str, u32, bool, bool)] = &[
    ("MaxInstanceCount", 0, true, true),
    ("MaxInstanceCount", 1, false, false),
    ("SecurityLayer", 0, false, false),
    ("SecurityLayer", 2, false, false),
    ("SecurityLayer", 3, true, true),
    ("MinEncryptionLevel", 0, true, true),
    ("MinEncryptionLevel", 1, false, false),
    ("MinEncryptionLevel", 3, false, false),
    ("MinEncryptionLevel", 4, false, true),
    ("MinEncryptionLevel", 5, true, true),
    ("MaxConnectionTime", 0, false, false),
    ("MaxConnectionTime", 1, true, true),
    ("MaxConnectionTime", MINUTE, false, true),
    ("MaxConnectionTime", 5 * MINUTE, false, false),
    ("MaxIdleTime", 0, false, false),
    ("MaxIdleTime", MINUTE - 1, true, true),
    ("MaxIdleTime", MINUTE, false, true),
    ("MaxIdleTime", 5 * MINUTE, false, false),
    ("MaxDisconnectionTime", 1000, false, true),
    ("MaxDisconnectionTime", MINUTE, false, false),
    ("fDisableAutoReconnect", 0, false, false),
    ("fDisableAutoReconnect", 1, false, true),
    ("fEncryptRPCTraffic", 0, false, false),
    ("fEncryptRPCTraffic", 1, false, true),
    ("UserAuthentication", 1, false, false),
    ("UserAuthentication", 0, false, false),
    ("fDisableCdm", 1, false, false),
];

#[test]
fn a_policy_of_remote_desktop_is_a_fault_a_choice_or_neither() {
    for &(name, number, unasked, named) in NUMBERS {
        let lab = with(POLICY, |policy| {
            policy.dword(name, number);
        });
        let gone = format!(r"SOFTWARE\{POLICY} {name} deleted");
        let wanted = |is: bool| if is { vec![gone.clone()] } else { vec![] };
        assert_eq!(looked(&lab), wanted(unasked), "{name} {number}");
        assert_eq!(
            by_name(&lab, "rdp-policy"),
            wanted(named),
            "{name} {number}"
        );
    }
}

#[test]
fn what_lowers_a_guard_says_so() {
    let lab = with(POLICY, |policy| {
        policy
            .dword("MinEncryptionLevel", 4)
            .dword("fEncryptRPCTraffic", 1)
            .dword("fDisableAutoReconnect", 1);
    });
    let plan = lab.plan(&named(&["rdp-policy"]));
    let kinds: Vec<Kind> = plan.changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [Kind::Fix, Kind::Weakening, Kind::Weakening]);
}

#[test]
fn a_policy_of_the_domain_comes_back() {
    let broken = |options: &Options| {
        let mut windows = Installation::new(options);
        let software = windows.software.as_mut().unwrap();
        software.key(POLICY).dword("MaxIdleTime", 1);
        software.key(SUITES).sz("Functions", "");
        Lab::of(&windows.disk()).plan(&Selection::default())
    };
    let member = broken(&Options::default());
    let workgroup = broken(&Options {
        domain: String::new(),
        ..Options::default()
    });
    for id in ["rdp-policy", "tls-policy"] {
        for (plan, comes) in [(&member, true), (&workgroup, false)] {
            let found = plan.found.iter().find(|found| found.repair == id).unwrap();
            let told = found.finding.evidence.join(" ");
            assert_eq!(
                told.contains("policy of contoso.local can set it again"),
                comes
            );
        }
    }
    let steps = [Step::AfterBoot("gpresult /r /scope computer".to_owned())];
    assert_eq!(member.steps, steps);
    // The names of values stand in the order of the catalogue, and nothing else has changed.
    assert_eq!(workgroup.steps, []);
    assert_eq!(workgroup.changes.len(), 2);
}

#[test]
fn a_policy_that_is_no_number_is_told_once() {
    let lab = with(POLICY, |policy| {
        policy.sz("MaxIdleTime", "1").sz("MaxInstanceCount", "0");
    });
    let plan = lab.plan(&named(&["rdp-policy"]));
    assert_eq!(edits(&plan), []);
    let told = titles(&plan, "rdp-policy");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|title| title.contains("no number")));
}

#[test]
fn a_policy_that_overrules_the_listener_is_mentioned() {
    let lab = with(POLICY, |policy| {
        policy
            .dword("UserAuthentication", 0)
            .dword("SecurityLayer", 2);
    });
    let plan = lab.plan(&named(&["rdp-policy"]));
    assert!(plan.found.is_empty());
    let wanted = "a policy sets UserAuthentication to 0x0; the listener's 0x1 does not count";
    assert_eq!(plan.left_alone, [wanted]);
}

#[test]
fn only_a_list_without_a_name_is_empty() {
    type Change = fn(&mut Key) -> &mut Key;
    let lists: [(Change, bool); 6] = [
        (|key| key.sz("Functions", ""), true),
        (|key| key.sz("Functions", " , "), true),
        (|key| key.multi_sz("Functions", &[]), true),
        (
            |key| key.sz("Functions", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
            false,
        ),
        (|key| key.multi_sz("Functions", &["TLS_A", "TLS_B"]), false),
        (|key| key.sz("EccCurves", ""), false),
    ];
    for (change, is_empty) in lists {
        let lab = with(SUITES, |key| {
            change(key);
        });
        let gone = format!(r"SOFTWARE\{SUITES} Functions deleted");
        let wanted = if is_empty { vec![gone] } else { vec![] };
        assert_eq!(looked(&lab), wanted);
        let plan = lab.plan(&named(&["tls-policy"]));
        assert_eq!(plan.found.is_empty(), !is_empty);
    }
    let odd = with(SUITES, |key| {
        key.dword("Functions", 0);
    });
    let plan = odd.plan(&named(&["tls-policy"]));
    assert_eq!(edits(&plan), []);
    assert!(titles(&plan, "tls-policy")[0].contains("no list"));
}

#[test]
fn a_group_without_anything_current_is_told() {
    for (group, names) in [
        ("Ciphers", &["AES 128/128", "AES 256/256"][..]),
        ("KeyExchangeAlgorithms", &["Diffie-Hellman", "ECDH", "PKCS"]),
        ("Hashes", &["SHA", "SHA256", "SHA384", "SHA512"]),
    ] {
        let off = |names: &[&str], enabled: u32| {
            let mut windows = Installation::new(&Options::default());
            for name in names {
                let key = format!("{SCHANNEL}\\{group}\\{name}");
                windows.system.key(&key).dword("Enabled", enabled);
            }
            Lab::of(&windows.disk()).plan(&named(&["tls-policy"]))
        };
        let all = off(names, 0);
        assert_eq!(edits(&all), []);
        assert_eq!(all.found[0].finding.certainty, Certainty::Likely, "{group}");
        let some = off(&names[1..], 0);
        assert!(some.found.is_empty(), "{group}");
        assert!(
            some.left_alone[0].contains(names[1]),
            "{:?}",
            some.left_alone
        );
        let on = off(names, u32::MAX);
        assert!(on.found.is_empty() && on.left_alone.is_empty(), "{group}");
        let old = off(&["RC4 128/128", "MD5", "NULL"], 0);
        assert!(old.found.is_empty() && old.left_alone.is_empty(), "{group}");
    }
}
