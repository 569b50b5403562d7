//! The store on disk: against its model, torn and damaged, refused, moved away, recovered. What the real
//! scheduler makes of a disk that fails is in tests/run.

mod bench;
mod damage;
mod log;
mod model;
mod moved;
mod past;
mod pruned;
mod recovery;
mod refused;
mod retries;
mod version_1;
