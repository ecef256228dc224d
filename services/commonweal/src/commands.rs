//! One module a command.

pub(crate) mod config;
pub(crate) mod dead_letters;
pub(crate) mod export;
pub(crate) mod gateway;
pub(crate) mod lag;
pub(crate) mod method;
pub(crate) mod produce;
pub(crate) mod provision;
pub(crate) mod publish;
pub(crate) mod reference;
pub(crate) mod revisions;
pub(crate) mod schemas;
pub(crate) mod split;
pub(crate) mod topics;
pub(crate) mod trace;
pub(crate) mod up;
pub(crate) mod verify;
