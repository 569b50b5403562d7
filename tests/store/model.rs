//! Whatever is written, a restart finds what the model of all stores has after the same batches.

use crate::bench::{Bench, ID};
use crate::past::{Author, Step, steps};
use proptest::prelude::*;
use rsched::scheduler::StoreId;
use rsched::store::Kept;
use rsched::store::sqlite::check;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_restart_finds_what_the_model_has(steps in steps()) {
        let mut bench = Bench::new();
        let mut model = Kept::nothing(StoreId(ID));
        let mut author = Author::default();
        let (mut writer, kept) = bench.open().unwrap();
        prop_assert_eq!(&kept, &model);
        let mut gathered = Vec::new();
        let mut clock = 1_000;
        for step in steps.iter().chain([&Step::Write, &Step::Restart { killed: true }]) {
            match step {
                Step::Write => {
                    clock += 1;
                    let batch = writer.write(clock, std::mem::take(&mut gathered));
                    model.take_in(&batch.unwrap());
                }
                Step::Restart { killed } => {
                    if *killed {
                        let copy = bench.copy();
                        writer.kill();
                        bench = copy;
                    } else {
                        writer.close();
                    }
                    let report = check(&bench.path()).unwrap();
                    prop_assert_eq!(report.problems, Vec::<String>::new());
                    let opened = bench.open().unwrap();
                    writer = opened.0;
                    prop_assert_eq!(&opened.1, &model);
                }
                _ => gathered.extend(author.record(step)),
            }
        }
        writer.close();
        prop_assert_eq!(&bench.kept().unwrap(), &model);
    }
}
