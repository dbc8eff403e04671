//! Questions about all resources there are.

use trueup_specs::pending;
use trueup_specs::policy::catalogue::{self, Action};
use trueup_specs::policy::evaluate::{ANY, TooManySorts, decide, shown, sorts};

use super::ask::{Answer, Question, Verdict};
use super::world::World;

impl World<'_> {
    /// The answers for all resources that the action is on: for each that models tell of, and for all others by what the policies name.
    /// Nothing if the action is on no resource, or if it is not known on which.
    ///
    /// Of resources in other accounts than the caller's, those are left out that it is denied on.
    pub(super) fn ask_everything(&self, question: &Question<'_>) -> Result<Option<Vec<Answer>>, TooManySorts> {
        let actions: Vec<Action> = catalogue::actions(question.action).collect();
        let forms = forms(&actions, partition(question));
        if forms.is_empty() || question.action.contains(ANY) {
            return Ok(None);
        }
        let mut answers: Vec<Answer> = Vec::new();
        let mut add = |answer: Answer| {
            let is_left_out = answer.is_elsewhere && answer.verdict == Verdict::Denied;
            if !is_left_out && !answers.contains(&answer) {
                answers.push(answer);
            }
        };
        for form in &forms {
            for answer in self.ask_others(question, form)? {
                add(answer);
            }
        }
        for resource in self.known_of(&actions) {
            let is_elsewhere = self.home_of(&resource) != question.who.account();
            for answer in self.ask(&Question { resource: &resource, ..*question })? {
                add(Answer { is_elsewhere, ..answer });
            }
        }
        Ok(Some(answers))
    }

    /// How many resources the models tell of that the action could be on.
    pub(super) fn count_known_of(&self, action: &str) -> usize {
        self.known_of(&catalogue::actions(action).collect::<Vec<_>>()).len()
    }

    /// The resources that models tell of and that one of the actions can be on, in the order of their ARNs.
    fn known_of(&self, actions: &[Action]) -> Vec<String> {
        // Only buckets have something under them.
        let under = |arn: &String| Some(format!("{arn}/*")).filter(|_| arn.split(':').nth(2) == Some("s3"));
        let mut known: Vec<String> = self
            .targets
            .keys()
            .flat_map(|arn| [Some(arn.clone()), under(arn)].into_iter().flatten())
            .filter(|resource| actions.iter().any(|action| self.has_say_on(&action.name(), resource)))
            .filter(|resource| actions.iter().any(|action| action.fits(&pending::with_digits(resource))))
            .collect();
        known.sort_unstable();
        known
    }

    /// Whether a model tells of the resource, and the policy on it is asked for the action: that of a role is only for taking it on.
    fn has_say_on(&self, action: &str, resource: &str) -> bool {
        let is_trust = resource.split(':').nth(2) == Some("iam");
        let is_asked = !is_trust || action.to_ascii_lowercase().starts_with("sts:");
        is_asked && self.under(resource).is_some()
    }

    /// The answers for the resources of one form whose policies no model tells of.
    fn ask_others(&self, question: &Question<'_>, form: &str) -> Result<Vec<Answer>, TooManySorts> {
        let (request, policies) = self.request(&Question { resource: form, ..*question });
        let mut answers = Vec::new();
        for resource in sorts(&request, &policies)? {
            // What is under a thing that a model tells of is asked about with it.
            if self.has_say_on(question.action, &resource) {
                continue;
            }
            let (request, policies) = self.request(&Question { resource: &resource, ..*question });
            let decision = decide(&request, &policies);
            let mut answer = self.answer(question.who, &request, &policies, decision);
            let account = resource.split(':').nth(4).filter(|account| !account.is_empty() && !account.contains(ANY));
            answer.is_elsewhere = account.is_some() && account != question.who.account();
            // Whatever no policy tells from the rest is the rest.
            if answer.resource == shown(&form.replace('*', &ANY.to_string())) {
                answer.resource = "*".to_owned();
            }
            answers.push(answer);
        }
        Ok(answers)
    }
}

/// The partition of whoever asks.
fn partition<'q>(question: &Question<'q>) -> &'q str {
    match question.who {
        super::Who::Identity(arn) => arn.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws"),
        _ => "aws",
    }
}

/// The forms of the ARNs that actions are on, as patterns.
fn forms(actions: &[Action], partition: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for arn in actions.iter().flat_map(Action::resource_types).flat_map(|kind| kind.arns()) {
        let form = without_variables(&arn.replace("${Partition}", partition));
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn without_variables(arn: &str) -> String {
    let mut parts = arn.split("${");
    let mut form = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        form.push('*');
        form.push_str(part.split_once('}').map_or("", |(_, behind)| behind));
    }
    form
}
