//! The walk over an object and everything below it.
//!
//! Invariants: each folder is listed once; nothing is entered that is a link or lies on another
//! device; folders come before what they hold, names in one folder in their folded order. What
//! cannot be looked at is handed over as an error, and the walk goes on.
//!
//! Deliberately absent: choosing among objects; leaving out further names of a file, which the
//! caller knows by its number.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::vec;

use super::held::HeldObject;
use super::trail::{ambiguous, inspect};
use super::{MOST_LEVELS, SecurityError};
use crate::name;
use crate::os;
use crate::root::Root;
use crate::walk::{Kind, WalkError, io_error, joined};

/// What a walk hands its objects and errors to.
type Visit<'v> = dyn FnMut(Result<&Object<'_>, SecurityError>) + 'v;

/// A file, folder, link or other entry that a walk came to.
pub struct Object<'w> {
    /// The path below the root, as the disk spells it.
    pub path: String,
    /// What it is; links and entries on other devices are not entered.
    pub kind: Kind,
    /// The size in bytes; 0 unless it is a file.
    pub size: u64,
    /// Its number on the volume; all names of one file have the same.
    pub number: u64,
    /// How many names it has.
    pub links: u64,
    root: &'w Root,
    dir: &'w os::Dir,
    name: Option<&'w OsStr>,
    node: os::Node,
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("path", &self.path)
            .field("kind", &self.kind)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl<'w> Object<'w> {
    fn new(
        root: &'w Root,
        dir: &'w os::Dir,
        name: Option<&'w OsStr>,
        node: os::Node,
        path: &str,
    ) -> Object<'w> {
        let foreign = node.volume != root.volume && node.kind != Kind::Link;
        let kind = if foreign { Kind::Other } else { node.kind };
        Object {
            path: path.to_owned(),
            kind,
            size: if kind == Kind::File { node.size } else { 0 },
            number: node.id,
            links: node.links,
            root,
            dir,
            name,
            node,
        }
    }

    /// The object, opened for what is known about it.
    ///
    /// # Errors
    /// [`SecurityError`]; a link and anything else that is neither file nor folder is refused.
    pub fn open(&self) -> Result<HeldObject<'w>, SecurityError> {
        HeldObject::open(
            self.root, self.dir, self.name, &self.node, &self.path, false,
        )
    }

    /// Its descriptor.
    ///
    /// # Errors
    /// As for [`Object::open`].
    pub fn security(&self) -> Result<Vec<u8>, SecurityError> {
        self.open()?.security()
    }
}

/// A folder that is being walked through.
struct Level {
    /// `None` for the root, which is open anyway.
    dir: Option<os::Dir>,
    path: String,
    names: vec::IntoIter<Result<String, WalkError>>,
}

impl Level {
    fn open(root: &Root, dir: Option<os::Dir>, path: String) -> Result<Level, WalkError> {
        let names = dir.as_ref().unwrap_or(&root.dir).names();
        let names = names.map_err(|source| io_error(&path, source))?;
        let names = checked(names, &path).into_iter();
        Ok(Level { dir, path, names })
    }
}

impl Root {
    /// Goes through the object at `path` and everything below it, folders before what they hold.
    /// What cannot be looked at or entered comes as an error, once, and does not end the walk.
    /// `false` when there is nothing at `path`; the empty path is the root itself.
    ///
    /// # Errors
    /// [`SecurityError`] about `path` itself: among others, it is a link or lies behind one.
    pub fn objects(&self, path: &str, visit: &mut Visit<'_>) -> Result<bool, SecurityError> {
        os::ask_for_privileges();
        let Some(place) = self.walk(path)? else {
            return Ok(false);
        };
        let dir = self.last(&place.trail);
        let name = place.name.as_deref();
        visit(Ok(&Object::new(self, dir, name, place.node, &place.path)));
        if place.node.kind != Kind::Directory {
            return Ok(true);
        }
        let entered = name.map(|name| self.step_into(dir, name, &place.path));
        let level = entered
            .transpose()
            .and_then(|dir| Level::open(self, dir, place.path.clone()));
        match level {
            Ok(level) => self.descend(level, visit),
            Err(error) => visit(Err(error.into())),
        }
        Ok(true)
    }

    fn descend(&self, top: Level, visit: &mut Visit<'_>) {
        let mut levels = vec![top];
        while let Some(level) = levels.last_mut() {
            let Some(name) = level.names.next() else {
                levels.pop();
                continue;
            };
            match self.visit_entry(level, name, visit) {
                Ok(Some(next)) if levels.len() < MOST_LEVELS => levels.push(next),
                Ok(Some(next)) => visit(Err(SecurityError::TooDeep { path: next.path })),
                Ok(None) => {}
                Err(error) => visit(Err(error.into())),
            }
        }
    }

    /// Hands over one entry; the level below it when it is a folder.
    fn visit_entry(
        &self,
        level: &Level,
        name: Result<String, WalkError>,
        visit: &mut Visit<'_>,
    ) -> Result<Option<Level>, WalkError> {
        let name = name?;
        let path = joined(&level.path, &name);
        let name = OsStr::new(&name);
        let dir = level.dir.as_ref().unwrap_or(&self.dir);
        let Some(node) = inspect(dir, name, &path)? else {
            return Ok(None);
        };
        let object = Object::new(self, dir, Some(name), node, &path);
        visit(Ok(&object));
        if object.kind != Kind::Directory {
            return Ok(None);
        }
        let next = self.step_into(dir, name, &path)?;
        Level::open(self, Some(next), path).map(Some)
    }
}

/// The names in a folder in order; in the place of those that no path can name, what is wrong.
fn checked(names: Vec<OsString>, folder: &str) -> Vec<Result<String, WalkError>> {
    let bad = |name: &str, why| WalkError::BadPath {
        path: joined(folder, name),
        why,
    };
    let mut good: Vec<(String, String)> = Vec::with_capacity(names.len());
    let mut all = Vec::new();
    for name in names {
        match name.into_string() {
            Err(name) => all.push(Err(bad(&name.to_string_lossy(), "it is not Unicode"))),
            Ok(name) => match name::components(&name) {
                Ok(parts) if parts.len() == 1 => good.push((name::folded(&name), name)),
                Ok(_) => all.push(Err(bad(&name, "a name has a separator in it"))),
                Err(why) => all.push(Err(bad(&name, why))),
            },
        }
    }
    good.sort();
    for group in good.chunk_by(|left, right| left.0 == right.0) {
        match group {
            [(_, name)] => all.push(Ok(name.clone())),
            _ => {
                let names: Vec<String> = group.iter().map(|(_, name)| name.clone()).collect();
                let part = names.first().map_or("", String::as_str);
                all.push(Err(ambiguous(folder, part, &names)));
            }
        }
    }
    all
}
