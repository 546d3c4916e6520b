//! One file per command.

pub(crate) mod answer;
pub(crate) mod apply;
pub(crate) mod approve;
pub(crate) mod compare;
pub(crate) mod confirm;
pub(crate) mod destroy;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod imports;
pub(crate) mod plan;
pub(crate) mod recover;
pub(crate) mod retry;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod secret;
pub(crate) mod status;
pub(crate) mod verify;
