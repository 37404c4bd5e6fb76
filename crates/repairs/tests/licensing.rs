//! What is said and done about licence servers, and about several sessions of one user.
//!
//! Invariants: every disk is the healthy one with the named difference only. Absent on purpose: the
//! laws every repair keeps (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, is_empty, lines, named, titles};
use repairs::{Plan, PlanError, Selection, Step};
use testkit::build::Key;
use testkit::windows::{Installation, Options};

const ID: &str = "rds-licensing";
const ROLE: &str =
    "Microsoft\\ServerManager\\ServicingStorage\\ServerComponentCache\\RDS-RD-Server";
const POLICY: &str = "Policies\\Microsoft\\Windows NT\\Terminal Services";
const CORE: &str = "Control\\Terminal Server\\RCM\\Licensing Core";
const SERVICE: &str = "Services\\TermService\\Parameters";

/// A session host with two control sets, and a difference in SOFTWARE and in each control set.
fn host(software: impl FnOnce(&mut Key), set: impl Fn(&mut Key)) -> Lab {
    let mut windows = Installation::new(&Options {
        control_sets: vec![1, 2],
        ..Options::default()
    });
    let hive = windows.software.as_mut().unwrap();
    hive.key(ROLE).dword("InstallState", 1);
    software(hive.key(""));
    for name in ["ControlSet001", "ControlSet002"] {
        set(windows.system.key(name));
    }
    Lab::of(&windows.disk())
}

/// `--repair ID --set ID.NAME=VALUE…`.
fn told(id: &str, parameters: &[(&str, &str)]) -> Selection {
    let mut selection = named(&[id]);
    for &(name, value) in parameters {
        let key = (id.to_owned(), name.to_owned());
        selection.parameters.insert(key, value.to_owned());
    }
    selection
}

const BOTH: [(&str, &str); 2] = [
    ("servers", "lic1.example.com,10.0.0.5"),
    ("mode", "per-user"),
];

fn notes(plan: &Plan) -> String {
    plan.left_alone.join("\n")
}

#[test]
fn two_values_are_written_in_every_control_set() {
    let lab = host(|_| (), |_| ());
    let plan = lab.plan(&told(ID, &BOTH));
    let mut wanted = Vec::new();
    for set in ["ControlSet001", "ControlSet002"] {
        let (core, service) = (CORE.replace("\\\\", "\\"), SERVICE.replace("\\\\", "\\"));
        wanted.push(format!(r"{set}\{core} LicensingMode = REG_DWORD 0x4"));
        wanted.push(format!(
            r#"{set}\{service}\LicenseServers SpecifiedLicenseServers = REG_MULTI_SZ {}"#,
            hive::RegData::multi_sz(&["lic1.example.com", "10.0.0.5"])
        ));
    }
    assert_eq!(lines(&plan), wanted);
    let check = "can it be reached? offfix check-license-server lic1.example.com 10.0.0.5";
    assert!(
        plan.steps.contains(&Step::Manual(check.to_owned())),
        "{:?}",
        plan.steps
    );
    let mut run = lab.apply(&plan);
    assert!(is_empty(&lab.plan(&told(ID, &BOTH))));
    assert!(titles(&lab.plan(&named(&[ID])), ID).is_empty());
    lab.undo(&mut run);
    assert_eq!(lines(&lab.plan(&told(ID, &BOTH))), wanted);
}

#[test]
fn each_mode_and_each_of_the_two_alone() {
    let lab = host(|_| (), |_| ());
    for (value, number) in [("2", 2), ("per-device", 2), ("4", 4), ("per-user", 4)] {
        let plan = lab.plan(&told(ID, &[("mode", value)]));
        assert_eq!(plan.changes.len(), 2);
        let end = format!("LicensingMode = REG_DWORD 0x{number:x}");
        assert!(
            lines(&plan).iter().all(|line| line.ends_with(&end)),
            "{value}"
        );
    }
    let servers = lab.plan(&told(ID, &[("servers", "lic1"), ("mode", "keep")]));
    assert_eq!(servers.changes.len(), 2);
    for bad in ["", "5", "user"] {
        let refused = lab.try_plan(&told(ID, &[("mode", bad)]));
        assert!(matches!(refused, Err(PlanError::Parameter { .. })), "{bad}");
    }
    for bad in ["", "a b", "lic1,,lic2", "<FQDN>", "10.0.0.256"] {
        let refused = lab.try_plan(&told(ID, &[("servers", bad)]));
        assert!(matches!(refused, Err(PlanError::Parameter { .. })), "{bad}");
    }
}

#[test]
fn without_the_role_it_is_not_the_licence() {
    for (kind, has_software, why) in [
        ("ServerNT", true, "InstallState of RDS-RD-Server is 0x0"),
        ("WinNT", true, "this is no server"),
        ("WinNT", false, "this is no server"),
    ] {
        let mut windows = Installation::new(&Options::default());
        let set = windows.system.key("ControlSet001");
        set.key("Control\\ProductOptions").sz("ProductType", kind);
        set.key(CORE).dword("LicensingMode", 1);
        windows.software = windows.software.filter(|_| has_software);
        let lab = Lab::of(&windows.disk());
        for selection in [
            named(&[ID]),
            told(ID, &BOTH),
            told(ID, &[("remove-role", "yes")]),
        ] {
            let plan = lab.plan(&selection);
            assert!(is_empty(&plan) && plan.found.is_empty(), "{:?}", plan.found);
            assert_eq!(plan.steps, []);
            let said = notes(&plan);
            assert!(
                said.starts_with(why) && said.contains("cannot be what is missing"),
                "{said}"
            );
            assert_eq!(plan.fine, [ID]);
        }
    }
}

#[test]
fn a_role_that_is_not_known_is_said() {
    let lab = |compatible: u32| {
        let mut windows = Installation::new(&Options::default());
        windows
            .software
            .as_mut()
            .unwrap()
            .key(ROLE)
            .remove_value("InstallState");
        let set = windows.system.key("ControlSet001");
        set.key("Control\\Terminal Server")
            .dword("TSAppCompat", compatible);
        Lab::of(&windows.disk())
    };
    let plan = lab(0).plan(&named(&[ID]));
    assert!(plan.found.is_empty());
    assert!(notes(&plan).contains("is not known"));
    assert_eq!(lab(0).plan(&told(ID, &BOTH)).changes.len(), 2);
    assert_eq!(titles(&lab(1).plan(&named(&[ID])), ID).len(), 2);
}

#[test]
fn what_is_missing_is_told_and_not_guessed() {
    let lab = host(|_| (), |_| ());
    assert!(
        lab.plan(&Selection::default())
            .found
            .iter()
            .all(|it| it.repair != ID)
    );
    let plan = lab.plan(&named(&[ID]));
    assert!(is_empty(&plan));
    let titles = titles(&plan, ID);
    assert_eq!(titles.len(), 4, "{titles:?}");
    assert!(titles[0].starts_with("no licensing mode is chosen"));
    assert!(titles[1].starts_with("no licence server is named"));
    let told = plan.found[0].finding.evidence.join(" ");
    assert!(told.contains("mstsc /v:HOST /admin"), "{told}");
    for (mode, found) in [(1, 2), (2, 0), (4, 0), (5, 2), (6, 2)] {
        let lab = host(
            |_| (),
            |set| {
                set.key(CORE).dword("LicensingMode", mode);
                set.key(SERVICE)
                    .child("LicenseServers")
                    .multi_sz("SpecifiedLicenseServers", &["lic1"]);
            },
        );
        assert_eq!(lab.plan(&named(&[ID])).found.len(), found, "{mode}");
    }
}

#[test]
fn a_list_in_the_wrong_place_or_type_is_put_right() {
    let plan = |change: fn(&mut Key)| {
        let lab = host(
            |_| (),
            |set| {
                set.key(CORE).dword("LicensingMode", 2);
                change(set.key(SERVICE));
            },
        );
        lab.plan(&named(&[ID]))
    };
    let good = hive::RegData::multi_sz(&["lic1", "lic2"]).to_string();
    for change in [
        (|key| {
            key.multi_sz("SpecifiedLicenseServers", &["lic1", "lic2"]);
        }) as fn(&mut Key),
        |key| {
            key.sz("SpecifiedLicenseServers", "lic1;lic2");
        },
        |key| {
            let list = key.child("LicenseServers");
            list.sz("SpecifiedLicenseServers", "lic1, lic2");
        },
    ] {
        let plan = plan(change);
        assert_eq!(plan.changes.len(), 2);
        for line in lines(&plan) {
            let end = format!(r"LicenseServers SpecifiedLicenseServers = REG_MULTI_SZ {good}");
            assert!(line.ends_with(&end), "{line}");
        }
    }
    let kept = plan(|key| {
        key.multi_sz("SpecifiedLicenseServers", &["old"]);
        let list = key.child("LicenseServers");
        list.multi_sz("SpecifiedLicenseServers", &["lic1"]);
    });
    assert!(is_empty(&kept) && kept.found.is_empty(), "{:?}", kept.found);
    let copied = plan(|key| {
        let list = key.child("LicenseServers");
        list.multi_sz("SpecifiedLicenseServers", &["<FQDN / IP License server>"]);
    });
    assert_eq!(edits(&copied), []);
    assert!(titles(&copied, ID)[0].contains("can be no machine"));
}

#[test]
fn a_policy_makes_a_value_void() {
    let with_policy = |name: &'static str| {
        host(
            move |software| {
                let policy = software.key(POLICY);
                match name {
                    "LicensingMode" => policy.dword(name, 2),
                    _ => policy.sz(name, "lic9"),
                };
            },
            |_| (),
        )
    };
    for (name, parameter, other) in [
        ("LicensingMode", BOTH[1], BOTH[0]),
        ("LicenseServers", BOTH[0], BOTH[1]),
    ] {
        let lab = with_policy(name);
        for selection in [told(ID, &[parameter]), told(ID, &BOTH)] {
            let refused = lab.try_plan(&selection).unwrap_err();
            assert!(
                matches!(refused, PlanError::Refused { id: ID, .. }),
                "{refused:?}"
            );
            let said = refused.to_string();
            let begin = format!("{ID}: would have no effect: a policy sets {name}");
            assert!(said.starts_with(&begin), "{said}");
        }
        assert_eq!(lab.plan(&told(ID, &[other])).changes.len(), 2, "{name}");
        let plan = lab.plan(&named(&[ID]));
        assert!(notes(&plan).contains("the setting itself is void"));
        assert_eq!(titles(&plan, ID).len(), 2, "the other value is still told");
    }
}

#[test]
fn the_role_goes_by_commands_alone() {
    let commands = |licensing: u32| {
        let lab = host(
            |software| {
                let key = ROLE.replace("RDS-RD-Server", "RDS-Licensing");
                software.key(&key).dword("InstallState", licensing);
            },
            |set| {
                set.key(CORE).dword("LicensingMode", 4);
            },
        );
        let plan = lab.plan(&told(ID, &[("remove-role", "yes")]));
        assert!(is_empty(&plan));
        let proposed: Vec<_> = plan.found.iter().filter(|found| found.proposed).collect();
        assert_eq!(proposed.len(), 1);
        let lines = plan.steps.iter().filter_map(|step| match step {
            Step::OnRecoveryMachine(line) => Some(line.clone()),
            _ => None,
        });
        lines.collect::<Vec<String>>()
    };
    let line =
        |verb: &str, feature: &str| format!(r"dism /Image:W:\ /{verb} /FeatureName:{feature}");
    let removal =
        |feature: &str| ["Disable-Feature", "Get-FeatureInfo"].map(|verb| line(verb, feature));
    assert_eq!(commands(0), removal("Remote-Desktop-Services"));
    let both = [removal("Remote-Desktop-Services"), removal("Licensing")].concat();
    assert_eq!(commands(1), both);
    let no = host(|_| (), |_| ()).plan(&told(ID, &[("remove-role", "no")]));
    assert_eq!(no.steps, []);
}

#[test]
fn the_days_of_grace_are_told() {
    let lab = host(
        |_| (),
        |set| {
            set.key("Control\\Terminal Server\\RCM\\GracePeriod")
                .binary(
                    "L$RTMTIMEBOMB_1320153D-8DA3-4e8e-B27B-0D888223A588",
                    &[0; 8],
                )
                .stamp(lab::NOW - 130 * 864_000_000_000);
        },
    );
    let said = notes(&lab.plan(&named(&[ID])));
    assert!(said.contains("last written 130 days ago"), "{said}");
}

#[test]
fn one_user_has_as_many_sessions_as_wanted() {
    let id = "single-session";
    let lab = host(|_| (), |_| ());
    let line = |number: u32| format!("fSingleSessionPerUser = REG_DWORD 0x{number:x}");
    for selection in [named(&[id]), told(id, &[("sessions", "many")])] {
        let plan = lab.plan(&selection);
        assert_eq!(plan.changes.len(), 2);
        assert!(lines(&plan).iter().all(|it| it.ends_with(&line(0))));
    }
    assert!(is_empty(&lab.plan(&told(id, &[("sessions", "single")]))));
    let policy = |number: u32| {
        host(
            move |software| {
                software.key(POLICY).dword("fSingleSessionPerUser", number);
            },
            |_| (),
        )
    };
    let refused = policy(1).try_plan(&named(&[id])).unwrap_err();
    assert!(
        refused.to_string().contains("would have no effect"),
        "{refused}"
    );
    assert_eq!(policy(0).plan(&named(&[id])).changes.len(), 2);
}

#[test]
fn real_hives_are_of_clients() {
    for name in [
        "sys-win7sp1-2controlsets",
        "sys-win10-16299-dirty.EXPECTED-yarp",
        "sys-xpsp3-controlset-1-and-3",
    ] {
        if let Some(lab) = Lab::shared(name) {
            let plan = lab.plan(&told(ID, &BOTH));
            assert!(is_empty(&plan) && plan.found.is_empty(), "{name}");
            assert!(notes(&plan).contains("this is no server"), "{name}");
        }
    }
}
