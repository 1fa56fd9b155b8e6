//! Carries out what `reconcile` decides, one problem at a time. Never decides anything itself.

pub mod host_lock;
