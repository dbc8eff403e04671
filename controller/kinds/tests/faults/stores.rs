//! Places for documents that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use trueup_sandbox::Faults;
use trueup_state::store::memory::Memory;
use trueup_state::store::{Backend, Holder, Life, Put, Store, StoreError, Stored, Tag};

use crate::EXAMPLES;
use crate::harness::Specs;

/// A store that fails from its nth write on.
pub(crate) struct Failing {
    pub(crate) memory: Memory,
    pub(crate) left: Arc<AtomicI64>,
}

impl Backend for Failing {
    fn path(&self, name: &str) -> String {
        self.memory.path(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.memory.list(folder)
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.memory.read(names)
    }

    fn write(&self, puts: &[Put]) -> Vec<Result<Tag, StoreError>> {
        let one = |put: &Put| {
            if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
                return self.memory.write(std::slice::from_ref(put)).remove(0);
            }
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
            Err(StoreError::Io { action: "write", path: put.name.clone(), source })
        };
        puts.iter().map(one).collect()
    }

    fn live(&self, holder: &Holder) -> Result<Box<dyn Life>, StoreError> {
        self.memory.live(holder)
    }

    fn ended(&self, run: &str) -> Result<bool, StoreError> {
        self.memory.ended(run)
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_full_at_any_write_is_made_good() {
    let specs = Specs::example(EXAMPLES[0]);
    let (count, _) = specs.undisturbed().await;
    let mut writes = 0;
    loop {
        let world = specs.world();
        let store = Store::new(Failing { memory: world.memory.clone(), left: Arc::new(AtomicI64::new(writes)) });
        let run = specs.run(&world.sandbox, &store, "full").await;
        let complete = run.is_ok_and(|run| run.is_complete());
        let told = format!("full at write {writes}");
        world.memory.end_all();
        specs.made_good(&world, &count, &told).await;
        if complete {
            break;
        }
        // The first writes are the run's documents, the others lines of its journal.
        writes += if writes < 12 { 1 } else { 3 };
    }
    assert!(writes > 40, "{writes}");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_written_nothing_is_done() {
    let specs = Specs::example(EXAMPLES[1]);
    let world = specs.world();
    world.sandbox.set_faults(Faults::default());
    let store = Store::new(Failing { memory: world.memory.clone(), left: Arc::new(AtomicI64::new(0)) });
    let refused = specs.run(&world.sandbox, &store, "read-only").await.err();
    assert!(refused.is_some_and(|why| why.contains("write locks/")));
    assert_eq!(world.sandbox.mutations(), 0, "no call is sent that could not be put on record");
}

/// Half of each document that a run leaves behind, one after the other: who finds it refuses it and leaves it as it is; moved aside, it is
/// not missed.
#[tokio::test(start_paused = true)]
async fn a_torn_document_is_refused_and_not_missed() {
    let specs = Specs::example(EXAMPLES[1]);
    let (count, _) = specs.undisturbed().await;
    let world = specs.world();
    let store = Store::new(world.memory.clone());
    specs.run(&world.sandbox, &store, "first").await.unwrap();
    let ledgers: Vec<String> = world.memory.all().into_keys().filter(|name| name.starts_with("ledger/")).collect();
    assert!(ledgers.len() > 1, "{ledgers:?}");
    for name in ledgers {
        let whole = world.memory.get(&name).unwrap();
        let torn = &whole[..whole.len() / 2];
        world.memory.set(&name, torn);
        let refused = specs.run(&world.sandbox, &store, "torn").await.err().unwrap_or_default();
        assert!(refused.contains(&name) && refused.contains("damaged"), "{name}: {refused}");
        assert_eq!(world.memory.get(&name).as_deref(), Some(torn), "{name}: kept");
        world.memory.remove(&name);
        specs.made_good(&world, &count, &format!("{name} moved aside")).await;
    }
}
