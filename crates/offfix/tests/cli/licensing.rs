//! Licence servers: the repair with its values, the steps it has for the recovery machine, and the
//! question whether a server can be reached.

use crate::polite;
use crate::scratch::{Answer, CONFIG, Scratch, same, tree};
use serde_json::Value;
use std::net::TcpListener;
use testkit::windows::{Installation, Options, broken};

const ROLE: &str =
    "Microsoft\\ServerManager\\ServicingStorage\\ServerComponentCache\\RDS-RD-Server";
const VALUES: [&str; 7] = [
    "--repair",
    "rds-licensing",
    "--set",
    "rds-licensing.servers=lic1.example.com,10.0.0.5",
    "--set",
    "rds-licensing.mode=per-user",
    "--yes",
];

/// A session host with two control sets, and a difference.
fn host(change: impl FnOnce(&mut Installation)) -> Scratch {
    let mut windows = Installation::new(&Options {
        control_sets: vec![1, 2],
        ..Options::default()
    });
    let software = windows.software.as_mut().unwrap();
    software.key(ROLE).dword("InstallState", 1);
    change(&mut windows);
    Scratch::with(&windows.disk())
}

/// The changes a run made: set and name of each value, and its data.
fn changes(scratch: &Scratch, words: &[&str]) -> Vec<String> {
    let answer = scratch
        .run(&[words, &["--format", "json"]].concat())
        .gives(0);
    let document: Value = serde_json::from_str(&answer.out).unwrap();
    let changes = document["changes"].as_array().unwrap().iter();
    let line = |change: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = text(&change["key"]);
        let set = key.split('\\').next().unwrap_or_default().to_owned();
        let after = &change["after"];
        format!(
            "{set} {} {} {}",
            text(&change["name"]),
            text(&after["type"]),
            text(&after["text"])
        )
    };
    changes.map(line).collect()
}

#[test]
fn two_values_in_every_control_set() {
    let scratch = host(|_| ());
    let apply = [&["apply", "disk"], &VALUES[..]].concat();
    let done = changes(&scratch, &apply);
    let list = r#"SpecifiedLicenseServers REG_MULTI_SZ ["lic1.example.com", "10.0.0.5"]"#;
    let mode = "LicensingMode REG_DWORD 0x4";
    let wanted = ["ControlSet001", "ControlSet002"]
        .map(|set| [format!("{set} {mode}"), format!("{set} {list}")])
        .concat();
    assert_eq!(done, wanted);
    let system = format!("disk/{CONFIG}/SYSTEM");
    let key = r"ControlSet002\Services\TermService\Parameters\LicenseServers";
    let read = scratch.run(&["hive", "get", &system, key, "SpecifiedLicenseServers"]);
    assert!(read.gives(0).out.contains("lic1.example.com"));
    let again = scratch.run(&apply).gives(0);
    assert!(!again.out.contains("FIXED ON DISK"), "{}", again.out);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
    assert_eq!(changes(&scratch, &apply), wanted);
}

#[test]
fn without_the_role_nothing_is_done() {
    let scratch = Scratch::with(&testkit::windows::healthy());
    let before = tree(&scratch.disk());
    let answer = scratch.run(&[&["apply", "disk"], &VALUES[..]].concat());
    polite(&answer);
    let said = answer
        .gives(0)
        .out
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        said.contains("a licence server cannot be what is missing"),
        "{said}"
    );
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

#[test]
fn a_policy_that_wins_is_said() {
    let scratch = host(|windows| {
        let policy = "Policies\\Microsoft\\Windows NT\\Terminal Services";
        let software = windows.software.as_mut().unwrap();
        software.key(policy).dword("LicensingMode", 2);
    });
    let before = tree(&scratch.disk());
    let answer = scratch.run(&[&["apply", "disk"], &VALUES[..]].concat());
    polite(&answer);
    let said = answer.gives(3).err;
    assert!(said.contains("would have no effect"), "{said}");
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

#[test]
fn the_role_goes_by_steps_that_nothing_undoes() {
    let scratch = host(|_| ());
    let words = [
        "--repair",
        "rds-licensing",
        "--set",
        "rds-licensing.remove-role=yes",
    ];
    let plan = scratch
        .run(&[&["plan", "disk"], &words[..]].concat())
        .gives(0);
    polite(&plan);
    let feature = "/Disable-Feature /FeatureName:Remote-Desktop-Services";
    let said = plan.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(feature), "{said}");
    assert!(said.contains("not undoable: dism /Image:"), "{said}");
    let json = [&["plan", "disk", "--format", "json"], &words[..]].concat();
    let document: Value = serde_json::from_str(&scratch.run(&json).gives(0).out).unwrap();
    assert_eq!(document["verdict"], "needs-human");
    let before = tree(scratch.path());
    // Neither Linux nor a program without a terminal gets as far as the first step.
    let apply = [&["apply", "disk", "--yes", "--run-steps"], &words[..]].concat();
    let refused = scratch.run(&apply);
    polite(&refused);
    assert_eq!(refused.code, if cfg!(windows) { 2 } else { 3 });
    let with_values = [&["apply", "disk", "--run-steps=ask"], &VALUES[..]].concat();
    scratch.run(&with_values).gives(refused.code);
    let json = [&apply[..], &["--format", "json"]].concat();
    scratch.run(&json).gives(2);
    same(&before, &tree(scratch.path()), "nothing is written");
}

#[test]
fn a_list_in_the_wrong_place_is_put_right_by_name() {
    let scratch = Scratch::with(&broken("rds-licensing").unwrap());
    let apply = ["apply", "disk", "--repair", "rds-licensing", "--yes"];
    let list = r#"ControlSet001 SpecifiedLicenseServers REG_MULTI_SZ ["lic1.contoso.local"]"#;
    assert_eq!(changes(&scratch, &apply), [list]);
}

/// Asks these hosts.
fn ask(words: &[&str]) -> Answer {
    Scratch::empty().run(&[&["check-license-server"], words].concat())
}

/// A port where something listens, and one where nothing does.
fn ports() -> (TcpListener, String, String) {
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let (one, other) = (open.local_addr().unwrap(), closed.local_addr().unwrap());
    (open, one.to_string(), other.to_string())
}

#[test]
fn a_server_that_can_be_reached_and_one_that_cannot() {
    let (_open, good, bad) = ports();
    let reached = ask(&[&good]);
    polite(&reached);
    let said = reached.gives(0).out;
    assert!(said.starts_with("ok  127.0.0.1: TCP "), "{said}");
    assert!(
        said.contains("tested from this machine, not from the VM's subnet"),
        "{said}"
    );
    let lost = ask(&[&bad, &good]);
    polite(&lost);
    let lost = lost.gives(7);
    let lines: Vec<&str> = lost.out.lines().collect();
    assert!(lines[0].starts_with("no  127.0.0.1: TCP "), "{}", lost.out);
    assert!(lines[1].starts_with("ok  127.0.0.1: TCP "), "{}", lost.out);
    assert!(
        lost.err
            .contains("error: 1 of 2 cannot be reached from here"),
        "{}",
        lost.err
    );
    let json = ask(&[&good, &bad, "--format", "json"]).gives(7);
    assert_eq!(json.err, "");
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["verdict"], "needs-human");
    assert_eq!(document["hosts"][0]["state"], "open");
    assert_eq!(document["hosts"][1]["state"], "closed");
    let clean = ask(&[&good, "--format", "json"]).gives(0);
    let document: Value = serde_json::from_str(&clean.out).unwrap();
    assert_eq!(document["verdict"], "clean");
}

#[test]
fn words_that_are_no_hosts() {
    for words in [
        &["a b"][..],
        &["lic1:0"],
        &["http://lic1"],
        &[],
        &["lic1", "--timeout", "0"],
    ] {
        let answer = ask(words);
        polite(&answer);
        answer.gives(2);
    }
    let nowhere = ask(&["no-such-host.invalid", "--format", "json"]).gives(7);
    let document: Value = serde_json::from_str(&nowhere.out).unwrap();
    assert_eq!(document["hosts"][0]["state"], "not-resolved");
}

/// A listener whose queue is full: what comes then gets no answer.
#[cfg(target_os = "linux")]
#[test]
fn a_server_that_gives_no_answer() {
    use std::net::{SocketAddr, TcpStream};
    use std::time::Duration;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place: SocketAddr = listener.local_addr().unwrap();
    let connect = || TcpStream::connect_timeout(&place, Duration::from_millis(300)).ok();
    let waiting: Vec<TcpStream> = (0..10_000).map_while(|_| connect()).collect();
    assert!(waiting.len() < 10_000, "the queue has no end");
    let answer = ask(&[&place.to_string(), "--timeout", "1"]).gives(7);
    assert!(
        answer.out.contains("gave no answer in 1 s"),
        "{}",
        answer.out
    );
}
