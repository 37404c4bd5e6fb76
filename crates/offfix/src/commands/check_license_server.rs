//! `check-license-server`: does a licence server of Remote Desktop answer from here?
//!
//! Invariants: no disk is looked at; every host is asked for no longer than the time-out, and as
//! many at once as [`AT_ONCE`]. Absent on purpose: RPC itself and its dynamic ports, which only a
//! client of the licence server knows.

use crate::arguments::{CheckLicenseServerArguments, Format};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::render;
use serde::Serialize;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The endpoint mapper of RPC, which a client asks first.
const PORT: u16 = 135;
/// How many hosts are asked at once.
const AT_ONCE: usize = 8;
/// How many addresses of one name are tried.
const ADDRESSES: usize = 4;
/// What the answer is worth.
const FROM: &str = "tested from this machine, not from the VM's subnet";

/// What was typed: a name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: u16,
}

impl Place {
    /// `HOST`, `HOST:PORT`, an address of IPv6, or `[ADDRESS]:PORT`; `None` for anything else.
    fn of(text: &str) -> Option<Place> {
        let plain = |host: &str, port| {
            let is_name = !host.is_empty()
                && !host.contains(|c: char| {
                    c.is_whitespace() || c.is_control() || "/\\[]:@".contains(c)
                });
            let host = host.to_owned();
            is_name.then_some(Place { host, port })
        };
        if let Ok(address) = text.parse::<IpAddr>() {
            let host = address.to_string();
            return Some(Place { host, port: PORT });
        }
        if let Some((address, rest)) = text.strip_prefix('[').and_then(|it| it.split_once(']')) {
            let host = address.parse::<IpAddr>().ok()?.to_string();
            let port = match rest {
                "" => PORT,
                rest => port_of(rest.strip_prefix(':')?)?,
            };
            return Some(Place { host, port });
        }
        match text.rsplit_once(':') {
            Some((host, port)) => plain(host, port_of(port)?),
            None => plain(text, PORT),
        }
    }
}

/// A port that can be connected to.
fn port_of(text: &str) -> Option<u16> {
    text.parse().ok().filter(|&port| port != 0)
}

/// What became of one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct HostDocument {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) reached: bool,
    /// `open`, `closed`, `no-answer`, `unreachable` or `not-resolved`.
    pub(crate) state: &'static str,
    /// The address that answered, or the last that was tried.
    pub(crate) address: Option<String>,
    /// What happened, for people.
    pub(crate) text: String,
}

/// The answer as JSON.
#[derive(Serialize)]
struct AnswerDocument<'a> {
    version: u32,
    verdict: &'static str,
    code: Option<&'static str>,
    note: &'static str,
    hosts: &'a [HostDocument],
}

/// Carries the command out.
pub(crate) fn run(arguments: &CheckLicenseServerArguments) -> Result<Exit, Failure> {
    let place = |text: &String| {
        Place::of(text).ok_or_else(|| {
            let error = format!("{text:?} is no host: expected HOST, HOST:PORT or [ADDRESS]:PORT");
            Failure::new(Exit::Usage, "usage", error)
        })
    };
    let places: Vec<Place> = arguments
        .hosts
        .iter()
        .map(place)
        .collect::<Result<_, _>>()?;
    let limit = Duration::from_secs(arguments.timeout);
    let hosts = ask_all(&places, |place| ask(place, limit));
    let lost: Vec<&HostDocument> = hosts.iter().filter(|host| !host.reached).collect();
    match arguments.format {
        Format::Json => {
            output::json(&AnswerDocument {
                version: crate::document::VERSION,
                verdict: if lost.is_empty() {
                    "clean"
                } else {
                    "needs-human"
                },
                code: (!lost.is_empty()).then_some("not-reached"),
                note: FROM,
                hosts: &hosts,
            });
            return Ok(if lost.is_empty() {
                Exit::Done
            } else {
                Exit::Unreadable
            });
        }
        Format::Text => output::text(&render::hosts(&hosts, FROM)),
    }
    match lost.len() {
        0 => Ok(Exit::Done),
        number => {
            let error = format!("{number} of {} cannot be reached from here", hosts.len());
            Err(Failure::new(Exit::Unreadable, "not-reached", error).hint(
                "is the machine up, does its firewall let RPC in, and do network security groups \
                 between the subnets?",
            ))
        }
    }
}

/// Asks every host, a few at once; the answers stand in the order of the hosts.
fn ask_all(places: &[Place], ask: impl Fn(&Place) -> HostDocument + Sync) -> Vec<HostDocument> {
    let todo = Mutex::new(places.iter().enumerate());
    let answers = Mutex::new(Vec::new());
    // A poisoned lock is that of a thread that panicked, which ends the program anyway. The lock
    // must be free again while a host is asked.
    let next = || {
        let mut todo = todo.lock().unwrap_or_else(PoisonError::into_inner);
        todo.next()
    };
    thread::scope(|scope| {
        for _ in 0..places.len().min(AT_ONCE) {
            scope.spawn(|| {
                while let Some((number, place)) = next() {
                    let answer = ask(place);
                    let mut all = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push((number, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Asks one host.
fn ask(place: &Place, limit: Duration) -> HostDocument {
    let said = |state, address: Option<SocketAddr>, text: String| HostDocument {
        host: place.host.clone(),
        port: place.port,
        reached: state == "open",
        state,
        address: address.map(|address| address.ip().to_string()),
        text,
    };
    let addresses = match resolve(place, limit) {
        Ok(addresses) => addresses,
        Err(why) => {
            return said(
                "not-resolved",
                None,
                format!("the name leads nowhere: {why}"),
            );
        }
    };
    let mut last = said(
        "not-resolved",
        None,
        "the name leads to no address".to_owned(),
    );
    for address in addresses.into_iter().take(ADDRESSES) {
        let (state, text) = match TcpStream::connect_timeout(&address, limit) {
            Ok(_) => {
                let text = format!("TCP {} is open", place.port);
                return said("open", Some(address), text);
            }
            Err(error) => judge(&error, place.port, limit),
        };
        last = said(state, Some(address), text);
    }
    last
}

/// What an error of a connection says about the host.
fn judge(error: &io::Error, port: u16, limit: Duration) -> (&'static str, String) {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            "closed",
            format!("TCP {port} is closed: the machine is there and nothing listens"),
        ),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => (
            "no-answer",
            format!("TCP {port} gave no answer in {} s", limit.as_secs()),
        ),
        _ => ("unreachable", format!("TCP {port}: {error}")),
    }
}

/// The addresses of a name, which a resolver may take its time for: it is not waited for longer
/// than for a connection.
fn resolve(place: &Place, limit: Duration) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = place.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, place.port)]);
    }
    let (sender, receiver) = mpsc::channel();
    let name = (place.host.clone(), place.port);
    thread::spawn(move || {
        let found = name.to_socket_addrs().map(Vec::from_iter);
        // Nobody waits for it after the time-out.
        let _ = sender.send(found);
    });
    match receiver.recv_timeout(limit) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer in {} s", limit.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_place_is_a_host_and_a_port() {
        for (text, host, port) in [
            ("lic1", "lic1", 135),
            ("lic1.example.com", "lic1.example.com", 135),
            ("lic1:1350", "lic1", 1350),
            ("10.0.0.5", "10.0.0.5", 135),
            ("10.0.0.5:1350", "10.0.0.5", 1350),
            ("2001:db8::5", "2001:db8::5", 135),
            ("[2001:db8::5]", "2001:db8::5", 135),
            ("[2001:db8::5]:1350", "2001:db8::5", 1350),
        ] {
            let place = Place::of(text);
            let host = host.to_owned();
            assert_eq!(place, Some(Place { host, port }), "{text}");
        }
        for bad in [
            "",
            ":135",
            "lic1:",
            "lic1:0",
            "lic1:65536",
            "lic1:x",
            "a b",
            "http://lic1",
            "[lic1]",
            "[::1",
            "[::1]135",
            r"\\lic1",
            "lic1/",
            "a:b:c",
        ] {
            assert_eq!(Place::of(bad), None, "{bad}");
        }
    }

    fn local(port: u16) -> Place {
        Place {
            host: "127.0.0.1".to_owned(),
            port,
        }
    }

    #[test]
    fn an_open_port_and_a_closed_one() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let limit = Duration::from_secs(5);
        let open = ask(&local(port), limit);
        assert_eq!((open.reached, open.state), (true, "open"));
        assert_eq!(open.address.as_deref(), Some("127.0.0.1"));
        drop(listener);
        let closed = ask(&local(port), limit);
        assert_eq!((closed.reached, closed.state), (false, "closed"));
    }

    #[test]
    fn an_error_says_what_it_means() {
        let state =
            |kind: io::ErrorKind| judge(&io::Error::from(kind), 135, Duration::from_secs(3));
        for (kind, wanted) in [
            (io::ErrorKind::ConnectionRefused, "closed"),
            (io::ErrorKind::TimedOut, "no-answer"),
            (io::ErrorKind::WouldBlock, "no-answer"),
            (io::ErrorKind::HostUnreachable, "unreachable"),
            (io::ErrorKind::NetworkUnreachable, "unreachable"),
        ] {
            assert_eq!(state(kind).0, wanted, "{kind}");
        }
        let (_, text) = state(io::ErrorKind::TimedOut);
        assert_eq!(text, "TCP 135 gave no answer in 3 s");
    }

    #[test]
    fn many_are_asked_and_few_at_once() {
        let places: Vec<Place> = (1..=40).map(local).collect();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let answers = ask_all(&places, |place| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
            now.fetch_sub(1, Ordering::SeqCst);
            HostDocument {
                host: place.host.clone(),
                port: place.port,
                reached: true,
                state: "open",
                address: None,
                text: String::new(),
            }
        });
        let ports: Vec<u16> = answers.iter().map(|answer| answer.port).collect();
        assert_eq!(ports, Vec::from_iter(1..=40));
        let most = most.into_inner();
        assert!((2..=AT_ONCE).contains(&most), "{most}");
        assert!(ask_all(&[], |_| unreachable!("nobody is asked")).is_empty());
    }

    #[test]
    fn a_name_that_leads_nowhere() {
        let place = Place {
            host: "no-such-host.invalid".to_owned(),
            port: 135,
        };
        let answer = ask(&place, Duration::from_secs(5));
        assert_eq!((answer.reached, answer.state), (false, "not-resolved"));
        assert_eq!(answer.address, None);
    }
}
