//! Stands in for `objects/` in a build without the feature `cloud`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::reason::{Reason, refuse};
use super::surplus::Beside;
use crate::error::{Error, Result};

/// There is none.
pub(super) enum Object {}

pub(super) enum Failure {}

pub(super) enum Folders {}

pub(super) type Named = (PathBuf, Object);

pub(super) enum Found {
    #[expect(dead_code, reason = "nothing is found")]
    One(Object),
    #[expect(dead_code, reason = "nothing is found")]
    Many(Vec<Named>, Folders),
}

fn absent(path: &Path) -> Error {
    refuse(path, "this build reads no object stores: build with the feature 'cloud'".into())
}

pub(super) fn find(path: &Path, _: Option<&Arc<AtomicBool>>) -> Result<Found> {
    Err(absent(path))
}

pub(super) fn one(path: &Path, _: Option<&Arc<AtomicBool>>) -> Result<Object> {
    Err(absent(path))
}

pub(super) fn contents(path: &Path, _: Option<&Arc<AtomicBool>>) -> Result<Vec<u8>> {
    Err(absent(path))
}

impl Object {
    pub fn length(&self) -> u64 {
        match *self {}
    }

    pub fn read(&self, _: u64, _: &mut [u8]) -> std::result::Result<(), Failure> {
        match *self {}
    }

    pub fn check_unchanged(&self) -> std::result::Result<(), Failure> {
        match *self {}
    }

    pub fn failure(&self) -> Option<Failure> {
        match *self {}
    }
}

impl Failure {
    pub fn of(self, _: &Path) -> Error {
        match self {}
    }

    pub fn reason(&self) -> Reason {
        match *self {}
    }
}

impl Beside for Folders {
    fn whole(&self, _: &Path) -> Option<PathBuf> {
        match *self {}
    }

    fn read(&self, _: &Path) -> Option<Vec<u8>> {
        match *self {}
    }

    fn has_folder(&self, _: &Path) -> bool {
        match *self {}
    }

    fn files(&self, _: &Path) -> Vec<PathBuf> {
        match *self {}
    }
}
