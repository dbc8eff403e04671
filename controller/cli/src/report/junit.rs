//! Findings as JUnit XML: one test for the specs, one a guardrail, one for the organization's own rules.

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};
use trueup_kinds::lints::{self, Finding};
use trueup_specs::lint::Level;
use trueup_specs::{Diagnostic, Severity, render};

use super::Report;
use crate::exit::Stop;

/// How wide a picture of a finding is.
const WIDTH: usize = 100;

/// The whole document.
pub(crate) fn document(report: &Report<'_>) -> Result<String, Stop> {
    let mut document = Document::new(report.name);
    document.add_test_suite(specs(report));
    document.add_test_suite(guardrails(report));
    if !report.verdicts.is_empty() {
        document.add_test_suite(own_rules(report));
    }
    document.to_string().map_err(|error| Stop::error(&error))
}

fn specs(report: &Report<'_>) -> TestSuite {
    let (errors, warnings): (Vec<_>, Vec<_>) =
        report.problems.iter().cloned().partition(|problem| problem.severity == Severity::Error);
    let mut suite = TestSuite::new("specs");
    suite.add_test_case(case("sound", "specs", &errors, &warnings, report));
    suite
}

/// Only what is denied fails; warnings are in the output of their test.
fn guardrails(report: &Report<'_>) -> TestSuite {
    let mut suite = TestSuite::new("guardrails");
    for lint in lints::all() {
        let Some(findings) = report.findings else {
            let mut status = TestCaseStatus::skipped();
            status.set_message("the specs are not sound");
            suite.add_test_case(classed(TestCase::new(lint.id, status), "guardrails"));
            continue;
        };
        let told = findings.iter().filter(|finding| finding.lint.id == lint.id && finding.is_told());
        let (denied, warned): (Vec<&Finding>, Vec<&Finding>) = told.partition(|finding| finding.level == Level::Deny);
        let pictured = |findings: Vec<&Finding>| findings.into_iter().map(Finding::diagnostic).collect::<Vec<_>>();
        suite.add_test_case(case(lint.id, "guardrails", &pictured(denied), &pictured(warned), report));
    }
    suite
}

fn case(name: &str, class: &str, failures: &[Diagnostic], output: &[Diagnostic], report: &Report<'_>) -> TestCase {
    let status = match failures {
        [] => TestCaseStatus::success(),
        [first, ..] => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(name).set_message(first.summary.as_str());
            status.set_description(render(failures, report.sources, false, WIDTH));
            status
        }
    };
    let mut case = classed(TestCase::new(name, status), class);
    if !output.is_empty() {
        case.set_system_out(render(output, report.sources, false, WIDTH));
    }
    case
}

fn own_rules(report: &Report<'_>) -> TestSuite {
    let mut suite = TestSuite::new("rules");
    for verdict in report.verdicts {
        let status = if verdict.denies {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(verdict.message.as_str());
            status
        } else {
            TestCaseStatus::success()
        };
        suite.add_test_case(classed(TestCase::new(verdict.message.as_str(), status), "rules"));
    }
    suite
}

fn classed(mut case: TestCase, class: &str) -> TestCase {
    case.set_classname(class);
    case
}
