//! Reports of several machines that were changed by hand, or are wrong.

use constinit_checkpoint::{FileInspection, JobPart, MergeError, merge};

fn report(shard: usize, tolerance: Option<f64>) -> FileInspection {
    let checkpoint = [shard - 1, 2];
    let part =
        JobPart { shard, of: 2, checkpoint, files: [shard - 1, shard], all_files: 2, job: 7 };
    let file = format!("m{shard}.safetensors");
    FileInspection { schema: 1, file, tolerance, part: Some(part), ..FileInspection::default() }
}

fn with(change: impl Fn(&mut JobPart)) -> Result<Vec<FileInspection>, MergeError> {
    let mut reports = vec![report(1, None), report(2, None)];
    reports.iter_mut().for_each(|report| change(report.part.as_mut().unwrap()));
    merge(reports)
}

#[test]
fn numbers_that_no_job_has() {
    assert_eq!(with(|_| ()).unwrap().len(), 2);
    // One byte per file would be more than any memory.
    for files in [1 << 63, 1 << 50, usize::MAX] {
        assert!(matches!(with(|part| part.all_files = files), Err(MergeError::Impossible { .. })));
    }
    let impossible: [fn(&mut JobPart); 5] = [
        |part| part.of = 0,
        |part| part.shard = 0,
        |part| part.shard = 3,
        |part| part.files[0] = part.files[1],
        |part| part.checkpoint[0] = 2,
    ];
    for change in impossible {
        assert!(matches!(with(change), Err(MergeError::Impossible { .. })));
    }
}

#[test]
fn what_is_wrong_with_a_report_is_said() {
    let alone = FileInspection { part: None, ..report(1, None) };
    let error = merge(vec![alone]).unwrap_err().to_string();
    assert_eq!(
        error,
        "the report of m1.safetensors is not part of a job: it was made without --shard"
    );
    let error = with(|part| part.shard = 3).unwrap_err().to_string();
    let expected = "the report of m1.safetensors: shard 3 of 2, checkpoint 0 of 2 and files 0 to 1 of 2 (at most \
                    16777216) are not part of any job";
    assert_eq!(error, expected);
}

#[test]
fn reports_of_different_questions_are_not_one_job() {
    let merged = |first: FileInspection, second: FileInspection| merge(vec![first, second]);
    assert!(merged(report(1, Some(0.5)), report(2, Some(0.5))).is_ok());
    for other in [Some(0.25), None] {
        let error = merged(report(1, Some(0.5)), report(2, other)).unwrap_err();
        assert!(matches!(error, MergeError::TwoJobs { .. }), "{error}");
    }
    let newer = FileInspection { schema: 2, ..report(2, None) };
    let error = merged(report(1, None), newer).unwrap_err().to_string();
    assert_eq!(error, "the report of m2.safetensors has the schema 2; this program reads 1");
    let mut other = report(2, None);
    other.part.as_mut().unwrap().job = 8;
    assert!(matches!(merged(report(1, None), other), Err(MergeError::TwoJobs { .. })));
    // The report of a file that could not be read has no tolerance.
    let broken = FileInspection { error: Some("is a folder".into()), ..report(2, None) };
    assert_eq!(merged(report(1, Some(0.5)), broken).unwrap().len(), 2);
}

#[test]
fn shares_of_one_checkpoint_have_its_files_and_its_format() {
    let share = |shard: usize| {
        let part =
            JobPart { shard, of: 2, checkpoint: [0, 1], files: [0, 2], all_files: 2, job: 7 };
        let (vectors, non_finite) = (usize::MAX, Some(u64::MAX));
        let format = Some("sharded safetensors".to_owned());
        let file = "m".to_owned();
        let part = Some(part);
        FileInspection {
            schema: 1,
            file,
            format,
            vectors,
            non_finite,
            part,
            ..FileInspection::default()
        }
    };
    // Counts that were written by hand.
    let whole = merge(vec![share(1), share(2)]).unwrap().remove(0);
    assert_eq!((whole.vectors, whole.non_finite), (usize::MAX, Some(u64::MAX)));
    let changes: [fn(&mut FileInspection); 3] = [
        |report| report.format = Some("PyTorch".into()),
        |report| report.part.as_mut().unwrap().files = [1, 2],
        |report| report.file = "n".into(),
    ];
    for change in changes {
        let mut second = share(2);
        change(&mut second);
        let error = merge(vec![share(1), second]).unwrap_err();
        assert!(matches!(error, MergeError::TwoJobs { .. }), "{error}");
    }
}
