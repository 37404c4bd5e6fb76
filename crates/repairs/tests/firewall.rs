//! What the repairs of the firewall take for a fault and what they leave alone.
//!
//! Invariants: every disk is the healthy one with the named difference only, or a real hive.
//! Absent on purpose: what holds for every repair (see `laws.rs`), and the grammar of rules
//! (`firewall/rule.rs` and `traffic.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use hive::RegData;
use lab::{Lab, lines, named};
use repairs::context::Walked;
use repairs::firewall::LOCAL;
use repairs::{Ask, Certainty, Context, Findings, Kind, Offer, Selection, repair};
use testkit::build::Key;
use testkit::windows::{Installation, Options};

const SET: &str = "ControlSet001";
const POLICY: &str = "Policies\\Microsoft\\WindowsFirewall";
const LISTENER: &str = "Control\\Terminal Server\\WinStations\\RDP-Tcp";
const HOST: &str = "App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice";
const UMTCP: &str = "RemoteDesktop-UserMode-In-TCP";
const UMUDP: &str = "RemoteDesktop-UserMode-In-UDP";
const REAL: [&str; 3] = [
    "sys-win7sp1-2controlsets",
    "sys-win10-16299-dirty.EXPECTED-yarp",
    "sys-xpsp3-controlset-1-and-3",
];

fn changed(change: impl FnOnce(&mut Installation)) -> Lab {
    let mut windows = Installation::new(&Options::default());
    change(&mut windows);
    Lab::of(&windows.disk())
}

/// The healthy disk with a difference in its firewall.
fn with(change: impl FnOnce(&mut Key)) -> Lab {
    changed(|windows| change(windows.system.key(SET).key(LOCAL)))
}

fn rules(change: impl FnOnce(&mut Key)) -> Lab {
    with(|firewall| change(firewall.child("FirewallRules")))
}

/// The healthy disk with a difference in its firewall and one in the policies over it.
fn with_policy(own: impl FnOnce(&mut Key), policy: impl FnOnce(&mut Key)) -> Lab {
    changed(|windows| {
        own(windows.system.key(SET).key(LOCAL));
        policy(windows.software.as_mut().unwrap().key(POLICY));
    })
}

/// What a repair finds when it is asked for like this.
fn found(lab: &Lab, id: &str, ask: Ask) -> Findings {
    let volume = lab.open();
    let context = Context {
        volume: &volume,
        sets: volume.control_sets().in_scope(volume::Scope::All),
        now: lab::NOW,
        walked: Walked(&|_| ()),
        ask,
        parameters: [].into(),
    };
    let mut findings = Findings::default();
    (repair(id).unwrap().diagnose)(&mut findings, &context).unwrap();
    findings
}

fn offers(lab: &Lab, id: &str, ask: Ask) -> Vec<(Offer, Certainty)> {
    let found = found(lab, id, ask).found;
    found.iter().map(|it| (it.offer, it.certainty)).collect()
}

/// The changes of a repair by name, keys without the way to them.
fn by_name(lab: &Lab, id: &str) -> Vec<String> {
    short(lab, &named(&[id]))
}

fn short(lab: &Lab, selection: &Selection) -> Vec<String> {
    let plan = lab.plan(selection);
    let cut = |line: String| {
        let key = line.find(" =").or(line.find(" deleted")).unwrap();
        let start = line[..key].rfind('\\').unwrap() + 1;
        line[start..].to_owned()
    };
    lines(&plan).into_iter().map(cut).collect()
}

fn port(number: &str) -> Selection {
    let key = ("rdp-port".to_owned(), "port".to_owned());
    let parameters = [(key, number.to_owned())].into();
    Selection {
        parameters,
        ..named(&["rdp-port"])
    }
}

/// A rule of Windows for Remote Desktop.
fn standard(active: &str, protocol: u8) -> String {
    let [name, about] = if protocol == 6 {
        [28775, 28756]
    } else {
        [28776, 28777]
    };
    format!(
        "v2.26|Action=Allow|Active={active}|Dir=In|Protocol={protocol}|LPort=3389|{HOST}|\
         Name=@FirewallAPI.dll,-{name}|Desc=@FirewallAPI.dll,-{about}|\
         EmbedCtxt=@FirewallAPI.dll,-28752|"
    )
}

fn off(rules: &mut Key) {
    rules.sz(UMTCP, &standard("FALSE", 6));
    rules.sz(UMUDP, &standard("FALSE", 17));
}

fn on_again() -> Vec<String> {
    [(UMTCP, 6), (UMUDP, 17)]
        .map(|(name, protocol)| {
            format!(
                "FirewallRules {name} = REG_SZ {:?}",
                standard("TRUE", protocol)
            )
        })
        .into()
}

const ID: &str = "firewall-rdp-rules";
const FAULT: (Offer, Certainty) = (Offer::WhenAsked, Certainty::Likely);
const CHOICE: (Offer, Certainty) = (Offer::WhenNamed, Certainty::Possible);

#[test]
fn rules_that_are_off_are_switched_on_when_asked() {
    let lab = rules(off);
    for ask in [Ask::Look, Ask::Symptom, Ask::Named] {
        assert_eq!(offers(&lab, ID, ask), [FAULT], "{ask:?}");
    }
    assert_eq!(lab.plan(&Selection::default()).changes, []);
    assert_eq!(by_name(&lab, ID), on_again());
}

#[test]
fn what_windows_wrote_otherwise_stays_as_it_is() {
    let odd = " name = x |Edge=TRUE|";
    let text = |active| format!("V2.26|ACTION=allow|active={active}|dir=IN|{odd}{HOST}|");
    let lab = rules(|rules| {
        rules.remove_value(UMUDP);
        rules.sz(UMTCP, &text("False"));
    });
    // A name with a blank is none of Windows': what the rule means is not known.
    assert_eq!(
        offers(&lab, ID, Ask::Look),
        [(Offer::Report, Certainty::Likely)]
    );
    let text = |active| text(active).replace(odd, "");
    let lab = rules(|rules| {
        rules.remove_value(UMUDP);
        rules.sz(UMTCP, &text("False"));
    });
    let wanted = format!("FirewallRules {UMTCP} = REG_SZ {:?}", text("TRUE"));
    assert_eq!(by_name(&lab, ID), [wanted]);
}

#[test]
fn missing_rules_are_written_as_their_neighbours_are() {
    let gone = |rules: &mut Key| {
        rules.remove_value(UMTCP).remove_value(UMUDP);
    };
    assert_eq!(by_name(&rules(gone), ID), on_again());
    let no_rule = rules(|rules| {
        rules.sz(UMTCP, "damaged").remove_value(UMUDP);
    });
    assert_eq!(by_name(&no_rule, ID), on_again());
    let newer = rules(|rules| {
        gone(rules);
        for name in ["a", "b", "c", "d"] {
            rules.sz(name, "v2.31|Action=Allow|Active=TRUE|Dir=Out|");
        }
    });
    let wanted = on_again().join("\n").replace("v2.26", "v2.31");
    assert_eq!(by_name(&newer, ID).join("\n"), wanted);
    // No neighbour: the version of the policy; without that nothing can be written.
    let alone = |version: u32| {
        with(|firewall| {
            firewall.remove("FirewallRules");
            firewall.child("FirewallRules");
            firewall.dword("PolicyVersion", version);
        })
    };
    assert_eq!(by_name(&alone(0x21A), ID), on_again());
    assert_eq!(
        offers(&alone(0x120), ID, Ask::Named),
        [(Offer::Report, Certainty::Likely)]
    );
    let old = by_name(&alone(0x20A), ID);
    assert_eq!(old.len(), 1);
    assert!(
        old[0].starts_with("FirewallRules RemoteDesktop-In-TCP = REG_SZ \"v2.10|"),
        "{old:?}"
    );
    assert!(old[0].contains("|App=System|"), "{old:?}");
}

#[test]
fn a_port_that_is_open_is_left_alone() {
    type Change = fn(&mut Key);
    let open: [(&str, Change); 8] = [
        ("another rule opens it", |firewall| {
            let rules = firewall.child("FirewallRules");
            off(rules);
            rules.sz(
                "mine",
                "v2.26|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|",
            );
        }),
        ("a range opens it", |firewall| {
            let rules = firewall.child("FirewallRules");
            off(rules);
            rules.sz(
                "mine",
                "v2.26|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort2_10=1-9999|",
            );
        }),
        ("one rule for each profile", |firewall| {
            let rules = firewall.child("FirewallRules");
            off(rules);
            for profile in ["Domain", "Private", "Public"] {
                let text = format!("v2.26|Action=Allow|Active=TRUE|Dir=In|Profile={profile}|");
                rules.sz(profile, &text);
            }
        }),
        ("some addresses only", |firewall| {
            let rules = firewall.child("FirewallRules");
            let text = standard("TRUE", 6).replace("|LPort", "|RA4=10.0.0.0/8|LPort");
            off(rules.sz("mine", &text));
        }),
        ("nobody can tell", |firewall| {
            let rules = firewall.child("FirewallRules");
            off(rules.sz("mine", "v2.26|Action=Allow|Active=TRUE|Dir=In|New=1|"));
        }),
        ("UDP is off", |firewall| {
            firewall
                .child("FirewallRules")
                .sz(UMUDP, &standard("FALSE", 17));
        }),
        ("what no rule is about is let in", |firewall| {
            off(firewall.child("FirewallRules"));
            for profile in ["DomainProfile", "StandardProfile", "PublicProfile"] {
                firewall.child(profile).dword("DefaultInboundAction", 0);
            }
        }),
        ("the default is to keep out", |firewall| {
            for profile in ["DomainProfile", "StandardProfile", "PublicProfile"] {
                firewall.child(profile).dword("DefaultInboundAction", 1);
            }
        }),
    ];
    for (what, change) in open {
        let lab = with(change);
        assert_eq!(offers(&lab, ID, Ask::Symptom), [], "{what}");
        assert_eq!(by_name(&lab, ID), [""; 0], "{what}");
    }
}

#[test]
fn where_nothing_is_closed_or_meant_to_be_open_it_is_silent_until_named() {
    let firewall_off = with(|firewall| {
        off(firewall.child("FirewallRules"));
        for profile in ["DomainProfile", "StandardProfile", "PublicProfile"] {
            firewall.child(profile).dword("EnableFirewall", 0);
        }
    });
    assert_eq!(offers(&firewall_off, ID, Ask::Look), []);
    assert_eq!(offers(&firewall_off, ID, Ask::Symptom), []);
    assert_eq!(by_name(&firewall_off, ID), on_again());
    let kept_on = with_policy(
        |firewall| {
            off(firewall.child("FirewallRules"));
            firewall.child("PublicProfile").dword("EnableFirewall", 0);
        },
        |policy| {
            policy.child("PublicProfile").dword("EnableFirewall", 1);
        },
    );
    assert_eq!(offers(&kept_on, ID, Ask::Look), [FAULT]);
    let denied = changed(|windows| {
        let set = windows.system.key(SET);
        set.key("Control\\Terminal Server")
            .dword("fDenyTSConnections", 1);
        off(set.key(LOCAL).child("FirewallRules"));
    });
    assert_eq!(offers(&denied, ID, Ask::Look), []);
    let possible = (Offer::WhenAsked, Certainty::Possible);
    assert_eq!(offers(&denied, ID, Ask::Symptom), [possible]);
    let allowed = changed(|windows| {
        let set = windows.system.key(SET);
        set.key("Control\\Terminal Server")
            .dword("fDenyTSConnections", 1);
        off(set.key(LOCAL).child("FirewallRules"));
        let policy = "Policies\\Microsoft\\Windows NT\\Terminal Services";
        let software = windows.software.as_mut().unwrap();
        software.key(policy).dword("fDenyTSConnections", 0);
    });
    assert_eq!(offers(&allowed, ID, Ask::Look), [FAULT]);
}

#[test]
fn one_closed_profile_can_be_meant() {
    let text = |active: &str, profile: &str| {
        standard(active, 6).replace("|LPort", &format!("|{profile}|LPort"))
    };
    let lab = rules(|rules| {
        rules.sz(UMTCP, &text("TRUE", "Profile=Domain|Profile=Private"));
        let extra = format!("{UMTCP}_1");
        rules.sz(&extra, &text("FALSE", "Profile=Public"));
    });
    let look = found(&lab, ID, Ask::Look);
    assert!(look.found.is_empty());
    assert!(look.notes[0].ends_with("opens port 3389 to Public networks; one does to others"));
    assert_eq!(offers(&lab, ID, Ask::Symptom), [CHOICE]);
    let wanted = format!(
        "FirewallRules {UMTCP}_1 = REG_SZ {:?}",
        text("TRUE", "Profile=Public")
    );
    assert_eq!(by_name(&lab, ID), [wanted]);
}

#[test]
fn blocking_rules_win_and_only_whole_blocks_are_a_fault() {
    let block = |fields: &str| format!("v2.26|Action=Block|Active=TRUE|Dir=In|{fields}|");
    for (fields, is_fault, is_noted) in [
        ("Protocol=6|LPort=3389", true, false),
        ("Protocol=6|LPort=22|LPort2_10=3000-4000", true, false),
        ("Name=everything", true, false),
        ("Profile=Public", true, false),
        ("Protocol=6|LPort=3389|RA4=203.0.113.7", false, true),
        ("Protocol=6|LPort=3389|LUAuth=x", false, true),
        (
            "Protocol=6|LPort=3389|App=%SystemRoot%\\System32\\winlogon.exe",
            false,
            false,
        ),
        ("Protocol=17|LPort=3389", false, false),
        ("Protocol=6|LPort=3390", false, false),
    ] {
        let lab = rules(|rules| {
            rules.sz("{1}", &block(fields));
        });
        let wanted = if is_fault { vec![FAULT] } else { vec![] };
        assert_eq!(offers(&lab, ID, Ask::Look), wanted, "{fields}");
        let notes = found(&lab, ID, Ask::Look).notes;
        assert_eq!(notes.len(), usize::from(is_noted), "{fields} {notes:?}");
        let plan = lab.plan(&named(&[ID]));
        assert!(plan.changes.iter().all(|it| it.kind == Kind::Weakening));
        let off = block(fields).replace("TRUE", "FALSE");
        let line = format!("FirewallRules {{1}} = REG_SZ {off:?}");
        let wanted = if is_fault { vec![line] } else { vec![] };
        assert_eq!(by_name(&lab, ID), wanted, "{fields}");
    }
    let ignored = with_policy(
        |firewall| {
            firewall.child("FirewallRules").sz("{1}", &block("Name=a"));
        },
        |policy| {
            for profile in ["DomainProfile", "PrivateProfile", "PublicProfile"] {
                policy.child(profile).dword("AllowLocalPolicyMerge", 0);
            }
            let rules = policy.child("FirewallRules");
            rules.sz("a", "v2.26|Action=Allow|Active=TRUE|Dir=In|");
        },
    );
    assert_eq!(offers(&ignored, ID, Ask::Look), []);
    // Windows' own rule lets in again instead of being switched off; its namesakes do not.
    let namesake = rules(|rules| {
        rules.sz("RemoteDesktop-Block", &block("Name=a"));
    });
    assert!(by_name(&namesake, ID)[0].contains("|Active=FALSE|"));
    let turned = rules(|rules| {
        rules.sz(UMTCP, &standard("TRUE", 6).replace("Allow", "Block"));
        rules.sz(UMUDP, &standard("TRUE", 17));
    });
    assert_eq!(by_name(&turned, ID), on_again()[..1]);
}

#[test]
fn a_shut_profile_ignores_every_rule() {
    let shut = |profiles: &'static [&'static str]| {
        with(move |firewall| {
            for profile in profiles {
                firewall.child(profile).dword("DoNotAllowExceptions", 1);
            }
        })
    };
    let all = shut(&["DomainProfile", "StandardProfile", "PublicProfile"]);
    assert_eq!(offers(&all, ID, Ask::Look), [FAULT]);
    let wanted = ["DomainProfile", "StandardProfile", "PublicProfile"]
        .map(|profile| format!("{profile} DoNotAllowExceptions = REG_DWORD 0x0"));
    assert_eq!(by_name(&all, ID), wanted);
    let one = shut(&["PublicProfile"]);
    assert_eq!(offers(&one, ID, Ask::Look), []);
    assert_eq!(found(&one, ID, Ask::Look).notes.len(), 1);
    assert_eq!(by_name(&one, ID), wanted[2..]);
}

#[test]
fn policy_is_changed_by_name_only() {
    let named_only = (Offer::WhenNamed, Certainty::Likely);
    let check = |policy: fn(&mut Key), wanted: &[&str]| {
        let lab = with_policy(|_| (), policy);
        for ask in [Ask::Look, Ask::Symptom] {
            let expected = if wanted.is_empty() {
                vec![]
            } else {
                vec![named_only]
            };
            assert_eq!(offers(&lab, ID, ask), expected, "{wanted:?}");
        }
        assert_eq!(by_name(&lab, ID), wanted);
    };
    check(
        |policy| {
            policy
                .child("FirewallRules")
                .sz("a", "v2.26|Action=Block|Active=TRUE|Dir=In|");
        },
        &[r#"FirewallRules a = REG_SZ "v2.26|Action=Block|Active=FALSE|Dir=In|""#],
    );
    check(
        |policy| {
            policy
                .child("PrivateProfile")
                .dword("DoNotAllowExceptions", 1);
        },
        &["PrivateProfile DoNotAllowExceptions = REG_DWORD 0x0"],
    );
    check(
        |policy| {
            policy
                .child("PublicProfile")
                .dword("AllowLocalPolicyMerge", 0);
        },
        &["PublicProfile AllowLocalPolicyMerge = REG_DWORD 0x1"],
    );
    check(
        |policy| {
            policy
                .child("PublicProfile")
                .dword("AllowLocalPolicyMerge", 0);
            let open = "v2.26|Action=Allow|Active=TRUE|Dir=In|Profile=Public|LPort=3389|";
            policy.child("FirewallRules").sz("a", open);
        },
        &[],
    );
    check(
        |policy| {
            policy
                .child("PublicProfile")
                .dword("AllowLocalPolicyMerge", 1);
        },
        &[],
    );
}

#[test]
fn a_moved_port_is_rdp_ports_business() {
    let moved = |change: fn(&mut Key)| {
        changed(|windows| {
            let set = windows.system.key(SET);
            set.key(LISTENER).dword("PortNumber", 3390);
            change(set.key(LOCAL).child("FirewallRules"));
        })
    };
    let alone = moved(|_| ());
    assert_eq!(
        offers(&alone, ID, Ask::Look),
        [(Offer::Report, Certainty::Likely)]
    );
    assert_eq!(by_name(&alone, ID), [""; 0]);
    assert_eq!(offers(&alone, "rdp-port", Ask::Symptom), [CHOICE]);
    let back = ["RDP-Tcp PortNumber = REG_DWORD 0xd3d"];
    assert_eq!(by_name(&alone, "rdp-port"), back);
    let own = |protocol: u8, port: u16| {
        format!(
            "v2.26|Action=Allow|Active=TRUE|Dir=In|Protocol={protocol}|LPort={port}|{HOST}|\
             Name=Remote Desktop on port {port}|Desc=Made by offfix for a moved port.|\
             EmbedCtxt=@FirewallAPI.dll,-28752|"
        )
    };
    let rule = |name: &str, protocol, port| {
        let text = own(protocol, port);
        format!("FirewallRules offfix-RemoteDesktop-In-{name}-{port} = REG_SZ {text:?}")
    };
    let stay = [rule("TCP", 6, 3390), rule("UDP", 17, 3390)];
    assert_eq!(short(&alone, &port("3390")), stay);
    // Moved on: the rules follow, and go with the way back.
    alone.write_plan(&alone.plan(&port("3390")));
    assert_eq!(short(&alone, &port("3390")), [""; 0]);
    assert_eq!(offers(&alone, ID, Ask::Look), []);
    let on = short(&alone, &port("4000"));
    let gone = ["TCP", "UDP"]
        .map(|name| format!("FirewallRules offfix-RemoteDesktop-In-{name}-3390 deleted"));
    assert_eq!(on[0], "RDP-Tcp PortNumber = REG_DWORD 0xfa0");
    assert_eq!(on[1..3], gone);
    assert_eq!(on[3..], [rule("TCP", 6, 4000), rule("UDP", 17, 4000)]);
    assert_eq!(by_name(&alone, "rdp-port")[1..], gone);
    // Somebody else's rule is enough, and is never removed.
    let opened = moved(|rules| {
        rules.sz(
            "mine",
            "v2.26|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3390|",
        );
    });
    assert_eq!(short(&opened, &port("3390")), [""; 0]);
    assert_eq!(by_name(&opened, "rdp-port"), back);
}

#[test]
fn a_port_that_others_have_is_told() {
    let lab = rules(|rules| {
        let text = "v2.26|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=8443|App=C:\\a.exe|";
        rules.sz("a", text);
    });
    let told = |number: &str| {
        let plan = lab.plan(&port(number));
        plan.found[0].finding.evidence.join("\n")
    };
    assert!(
        told("8443").contains(r"rule a opens port 8443 to C:\a.exe"),
        "{}",
        told("8443")
    );
    assert!(told("443").contains("belongs to HTTPS"));
    assert!(told("50000").contains("from 49152 on"));
    assert_eq!(told("4000"), "PortNumber is 3389");
    assert!(lab.try_plan(&port("0")).is_err() && lab.try_plan(&port("65536")).is_err());
}

#[test]
fn a_disabled_firewall_service_can_be_meant_and_its_engine_cannot() {
    let service = "firewall-service";
    for (name, start, wanted) in [
        ("BFE", 4, Some((Offer::Recommended, Certainty::Likely, 2))),
        (
            "mpssvc",
            4,
            Some((Offer::WhenAsked, Certainty::Possible, 2)),
        ),
        (
            "mpsdrv",
            4,
            Some((Offer::WhenAsked, Certainty::Possible, 3)),
        ),
        ("BFE", 3, None),
        ("mpssvc", 3, None),
        ("mpsdrv", 2, None),
    ] {
        let lab = changed(|windows| {
            let set = windows.system.key(SET);
            set.key("Services").child(name).dword("Start", start);
        });
        let offered = wanted.map(|(offer, certainty, _)| (offer, certainty));
        assert_eq!(
            offers(&lab, service, Ask::Look),
            Vec::from_iter(offered),
            "{name} {start}"
        );
        let line = wanted.map(|(_, _, start)| format!("{name} Start = REG_DWORD 0x{start:x}"));
        assert_eq!(
            by_name(&lab, service),
            Vec::from_iter(line),
            "{name} {start}"
        );
    }
}

#[test]
fn a_list_of_exempt_apps_is_a_text() {
    let id = "firewall-service";
    let name = "DebugedLoopbackApps";
    let lab = |data: &RegData| {
        changed(|windows| {
            let set = windows.system.key(SET);
            let apps = set.key("Services\\mpssvc\\Parameters\\AppCs");
            apps.value(name, data.kind.0, &data.bytes);
        })
    };
    let many = |count: usize| RegData::sz(&"S-1-15-2-1,".repeat(count));
    let (fault, told) = (
        (Offer::Recommended, Certainty::Likely),
        (Offer::Report, Certainty::Possible),
    );
    for (data, wanted) in [
        (RegData::sz(""), None),
        (RegData::sz("S-1-15-2-1"), None),
        (many(600), None),
        (many(601), Some(told)),
        (RegData::dword(0), Some(told)),
        (RegData::multi_sz(&[]), Some(fault)),
        (RegData::multi_sz(&["S-1-15-2-1"]), Some(fault)),
    ] {
        let found = offers(&lab(&data), id, Ask::Look);
        assert_eq!(found, Vec::from_iter(wanted), "{}", data.kind);
    }
    let two = lab(&RegData::multi_sz(&["S-1-15-2-1", "S-1-15-2-2"]));
    let told = &found(&two, id, Ask::Look).found[0].evidence[0].clone();
    assert!(told.contains("2 exempt apps in it are dropped"), "{told}");
    let gone = format!(r#"AppCs {name} = REG_SZ """#);
    assert_eq!(by_name(&two, id), [gone]);
}

#[test]
fn a_rule_that_demands_ipsec_is_a_fault_of_the_machine_and_a_choice_of_policy() {
    let rule = |fields: &str| format!("v2.26|Action=Secure|Active=TRUE|{fields}Name=a|");
    let own = |fields: &str| {
        with(|firewall| {
            firewall.child("ConSecRules").sz("a", &rule(fields));
        })
    };
    let by_policy = |fields: &str| {
        with_policy(
            |_| (),
            |policy| {
                policy.child("ConSecRules").sz("a", &rule(fields));
            },
        )
    };
    let id = "ipsec-rules";
    for (fields, own_offer, policy_offer) in [
        (
            "",
            Some((Offer::Recommended, Certainty::Likely)),
            Some((Offer::WhenNamed, Certainty::Likely)),
        ),
        (
            "EP2_4=10.0.0.0/8|",
            Some((Offer::WhenAsked, Certainty::Possible)),
            Some(CHOICE),
        ),
        ("Protocol=6|EP1Port=445|", None, None),
        ("RTunnel4=10.0.0.1|", None, None),
    ] {
        let off = format!(
            "ConSecRules a = REG_SZ {:?}",
            rule(fields).replace("TRUE", "FALSE")
        );
        for (lab, offer) in [(own(fields), own_offer), (by_policy(fields), policy_offer)] {
            assert_eq!(
                offers(&lab, id, Ask::Look),
                Vec::from_iter(offer),
                "{fields}"
            );
            let wanted = Vec::from_iter(offer.map(|_| off.clone()));
            assert_eq!(by_name(&lab, id), wanted, "{fields}");
        }
    }
    let ignored = with_policy(
        |firewall| {
            firewall.child("ConSecRules").sz("a", &rule(""));
        },
        |policy| {
            for profile in ["DomainProfile", "PrivateProfile", "PublicProfile"] {
                policy.child(profile).dword("AllowLocalIPsecPolicyMerge", 0);
            }
        },
    );
    assert_eq!(offers(&ignored, id, Ask::Look), []);
}

#[test]
fn the_firewall_is_switched_off_where_it_has_a_key_and_policy_a_value() {
    let lab = with_policy(
        |firewall| {
            firewall.remove("StandardProfile");
        },
        |policy| {
            policy.child("DomainProfile").dword("EnableFirewall", 1);
            policy
                .child("PublicProfile")
                .dword("DoNotAllowExceptions", 0);
            policy.child("StandardProfile").dword("EnableFirewall", 0);
        },
    );
    let plan = lab.plan(&named(&["firewall-off"]));
    assert!(plan.changes.iter().all(|it| it.kind == Kind::Weakening));
    let wanted = ["DomainProfile", "PublicProfile", "DomainProfile"]
        .map(|key| format!("{key} EnableFirewall = REG_DWORD 0x0"));
    assert_eq!(by_name(&lab, "firewall-off"), wanted);
    assert!(
        plan.left_alone
            .iter()
            .any(|line| line.ends_with("no such profile, not created"))
    );
    assert_eq!(plan.steps.len(), 3, "{:?}", plan.steps);
}

/// What each real hive shows: Windows 7 with Remote Desktop on, but for public networks;
/// Windows 10 with it off, and its rules with it; XP without rules.
#[test]
fn real_hives_are_left_alone() {
    for name in REAL {
        let Some(lab) = Lab::shared(name) else {
            continue;
        };
        for id in [ID, "firewall-service", "ipsec-rules", "rdp-port"] {
            for ask in [Ask::Look, Ask::Symptom] {
                let is_public = name == REAL[0] && id == ID && ask == Ask::Symptom;
                let closed = name == REAL[1] && id == ID && ask == Ask::Symptom;
                let wanted = match (is_public, closed) {
                    (true, _) => vec![CHOICE; 2],
                    (_, true) => vec![(Offer::WhenAsked, Certainty::Possible)],
                    _ => vec![],
                };
                assert_eq!(offers(&lab, id, ask), wanted, "{name} {id} {ask:?}");
            }
        }
    }
    let Some(lab) = Lab::shared(REAL[0]) else {
        return;
    };
    let lines = by_name(&lab, ID);
    assert_eq!(lines.len(), 2);
    let start = "FirewallRules RemoteDesktop-In-TCP_1 = REG_SZ \"v2.10|Action=Allow|Active=TRUE|";
    assert!(
        lines.iter().all(|line| line.starts_with(start)),
        "{lines:?}"
    );
    assert_eq!(by_name(&lab, "firewall-off").len(), 6);
}
